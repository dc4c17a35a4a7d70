'use strict';
// B100: without permission for the network no method reaches it, in the runtime's own way.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { declare } = require('../support/differential.js');
const { HOST, SUBJECT, nodeMajor } = require('../support/module.js');
const { name, program } = require('../support/runtime.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'permissions.js');

const COMMANDS = {
  node: [process.execPath, '--no-warnings', '--permission', '--allow-addons', '--allow-fs-read=*', '--allow-fs-write=*'],
  deno: [program, 'run', '--quiet', '--no-prompt', '--allow-read', '--allow-env', '--allow-sys', '--allow-ffi'],
};

/** What Node's own sockets do without permission. */
const AS_THE_HOST = { node: { addMembership: 'done', dropMembership: 'dropMembership EADDRNOTAVAIL', addSourceSpecificMembership: 'done' }, deno: {} };

const runtime = name ?? 'node';
const skip = (runtime === 'bun' && 'Bun has no permissions') || (runtime === 'node' && nodeMajor < 25 && 'the permission model knows the network since Node 25') ||
  (SUBJECT === HOST && 'there are no unix sockets');

declare('B100 every method is refused without permission', { timeout: 60_000, skip }, () => {
  const [file, ...args] = COMMANDS[runtime];
  const { stdout, stderr } = spawnSync(file, [...args, FIXTURE], { encoding: 'utf8', env: { ...process.env, HELIOGRAM_TEST_LOAD: SUBJECT, NODE_TEST_CONTEXT: undefined } });
  const report = JSON.parse(stdout || `{ "error": ${JSON.stringify(stderr)} }`);
  const expected = Object.keys(report).map((call) => [call, AS_THE_HOST[runtime][call] ?? 'refused']);
  assert.deepStrictEqual(report, Object.fromEntries(expected));
  assert.strictEqual(expected.length, 15);
});
