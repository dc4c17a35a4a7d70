'use strict';
// One end of a scenario in a process of its own. Arguments: the scenario, `client` or `peer`, the port, and which dgram
// is expected, so that no scenario passes on the wrong one.

const assert = require('node:assert');
const path = require('node:path');
const dgram = require('node:dgram');

const [file, role, port, expected] = process.argv.slice(2);

/** Sends a message to the parent. JSON has no `undefined`, so the value is null then. */
const report = (kind, value = null) => process.send({ kind, value });

const isHeliogram = dgram.Socket === require(path.join(__dirname, '..', '..', '..', 'index.js')).Socket;
assert.strictEqual(isHeliogram ? 'heliogram' : 'host', expected);

const scenario = require(file);
if (role === 'peer') {
  process.on('disconnect', () => process.exit());
  scenario.peer({ port: Number(port), ready: () => report('ready'), saw: (record) => report('saw', record) });
} else {
  scenario.client({ port: Number(port) }).then((result) => {
    report('result', result);
    process.disconnect(); // the process must end by itself now
  });
}
