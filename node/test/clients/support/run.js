'use strict';
// One end of a scenario in a process of its own. Arguments: the scenario, `client` or `peer`, the port, and which dgram
// is expected here, so that no scenario passes on the wrong one.

const assert = require('node:assert');
const path = require('node:path');
const dgram = require('node:dgram');

const [file, role, port, expected] = process.argv.slice(2);

/** `undefined` as the parent will read it. */
const tell = (kind, value = null) => process.send({ kind, value });

const isHeliogram = dgram.Socket === require(path.join(__dirname, '..', '..', '..', 'index.js')).Socket;
assert.strictEqual(isHeliogram ? 'heliogram' : 'host', expected);

const scenario = require(file);
if (role === 'peer') {
  process.on('disconnect', () => process.exit());
  scenario.peer({ port: Number(port), ready: () => tell('ready'), saw: (record) => tell('saw', record) });
} else {
  scenario.client({ port: Number(port) }).then((result) => {
    tell('result', result);
    process.disconnect(); // the process must end by itself now
  });
}
