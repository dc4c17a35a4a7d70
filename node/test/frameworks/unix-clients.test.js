'use strict';
// B98: winston-syslog and hot-shots over heliogram/unix-dgram, with a reader slower than they are.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { isItself } = require('../support/module.js');

const PROGRAM = path.join(__dirname, 'programs', 'unix-clients.cjs');
const COUNT = 200;

/** Why they cannot run here, or false. */
function lacking() {
  if (!isItself) return `in ${process.version} the package is the host's own dgram`;
  if (process.platform === 'win32') return 'Windows has no Unix datagrams';
  return !fs.existsSync(path.join(__dirname, 'node_modules', 'hot-shots')) && 'test/frameworks has no hot-shots: npm ci';
}

/** What became of each message, as the client heard, and how many the reader got. */
function run(client) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, client], {
    encoding: 'utf8', timeout: 100_000, env: { ...process.env, NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: '' },
  });
  assert.strictEqual(status, 0, stderr);
  const { outcomes, received, different } = JSON.parse(stdout);
  assert.strictEqual(outcomes.length, COUNT, 'each callback ran');
  assert.strictEqual(different, received, 'no message came twice');
  return { sent: outcomes.filter((outcome) => outcome === 'sent').length, received };
}

const options = { skip: lacking(), timeout: 120_000 };

test('B98 hot-shots sends again what was congested, until all has arrived', options, () => {
  assert.deepStrictEqual(run('hot-shots'), { sent: COUNT, received: COUNT });
});

test('B98 winston-syslog by path hears of each message whether it was sent', options, () => {
  const { sent, received } = run('winston-syslog by path');
  assert.strictEqual(received, sent);
  assert.ok(sent > 0 && sent < COUNT, `${sent} of ${COUNT} were sent`);
});

test('B98 winston-syslog connected', options, () => {
  const { sent, received } = run('winston-syslog connected');
  assert.ok(sent > 0 && received >= sent, `${sent} were sent, ${received} received`);
});
