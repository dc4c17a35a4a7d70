'use strict';
// B103: the package, evaluated four hundred times in one process, leaves nothing behind once its sockets are closed.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const test = require('node:test');
const { isItself } = require('../support/module.js');
const runtime = require('../support/runtime.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'reload.js');
const MEGABYTE = 2 ** 20;

/** Memory in use after each hundred evaluations: JavaScript's heap, and buffers outside. */
function memory(scenario) {
  const [command, ...args] = [...runtime.command(['--expose-gc']), FIXTURE, scenario];
  const { stdout, stderr, status } = spawnSync(command, args, {
    encoding: 'utf8', timeout: 110_000, env: { ...process.env, NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: '' },
  });
  assert.strictEqual(status, 0, stderr);
  return JSON.parse(stdout);
}

const skip = runtime.records || (!isItself && `in ${process.version} the package is the host's own dgram`);

for (const scenario of ['opened and closed', 'sent and received']) {
  test(`B103 evaluated 400 times, sockets ${scenario}`, { skip, timeout: 120_000 }, () => {
    const [first, ...others] = memory(scenario);
    const grown = Math.max(...others) - first;
    assert.ok(grown < 4 * MEGABYTE, `${(grown / MEGABYTE).toFixed(1)} MB are left`);
  });
}
