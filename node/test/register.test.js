'use strict';
// `heliogram/register`: each way to start it, each way to ask for dgram, in each kind of process and thread.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const test = require('node:test');
const { isItself } = require('./support/module.js');

const PACKAGE = path.join(__dirname, '..');
const LIMIT = 60_000;

/** What a program under test/register printed. Started in the package's folder, where its own name resolves. */
function run(program, flags, env = {}) {
  const file = path.join(__dirname, 'register', program);
  const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, file], {
    cwd: PACKAGE,
    encoding: 'utf8',
    timeout: LIMIT,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env },
  });
  assert.strictEqual(status, 0, stderr);
  return JSON.parse(stdout);
}

/** Fails with the names of the ways that did not reach heliogram. */
function allHeliogram(report, least) {
  const flat = flatten(report);
  const wrong = flat.filter(([, value]) => value !== true);
  assert.deepStrictEqual(wrong, []);
  assert.ok(flat.length >= least, `only ${flat.length} ways were tried`);
}

function flatten(report, above = '') {
  return Object.entries(report).flatMap(([name, value]) => {
    const title = above ? `${above}: ${name}` : name;
    return value && typeof value === 'object' ? flatten(value, title) : [[title, value]];
  });
}

const starts = {
  '--import heliogram/register': { flags: ['--import', 'heliogram/register'] },
  '--import=heliogram/register': { flags: ['--import=heliogram/register'] },
  '--require heliogram/register': { flags: ['--require', 'heliogram/register'] },
  '-r heliogram/register': { flags: ['-r', 'heliogram/register'] },
  'NODE_OPTIONS=--import heliogram/register': { flags: [], env: { NODE_OPTIONS: '--import heliogram/register' } },
  'both, and NODE_OPTIONS': {
    flags: ['--require', 'heliogram/register', '--import', 'heliogram/register'],
    env: { NODE_OPTIONS: '--no-warnings --require heliogram/register' },
  },
};

/** `test/fallback` tests those Nodes. */
const notOurs = !isItself && `in ${process.version} the package is the host's own dgram`;

for (const [title, { flags, env }] of Object.entries(starts)) {
  test(title, { skip: notOurs, timeout: 2 * LIMIT }, () => {
    allHeliogram(run('ways.cjs', flags, env), 14);
    allHeliogram(run('ways.mjs', flags, env), 8);
    allHeliogram(run('offspring.cjs', flags, env), 8 * 14);
  });
}

test('without it, dgram is the host\'s own', { skip: notOurs }, () => {
  const { 'a file of its own': inModule, ...inScript } = run('ways.cjs', []);
  assert.deepStrictEqual([...new Set(Object.values(inScript))], [false]);
  assert.strictEqual(inModule['import dgram'], false);
});

test('the package by its own name is what register installs', { skip: notOurs }, () => {
  assert.deepStrictEqual(run('itself.mjs', ['--import', 'heliogram/register']), { same: true, ready: true });
});

test('heliogram\'s sockets are instances of the host\'s Socket', () => {
  assert.deepStrictEqual(run('host.cjs', []), { instance: true, other: isItself, old: true });
});

test('B89 a patched node:dgram is patched for every import', { skip: notOurs }, () => {
  assert.deepStrictEqual(run('patched.mjs', ['--import', 'heliogram/register']), { seen: 5, of: 5, isOurs: true });
});

test('B89 node:dgram is mocked and restored as the host\'s', { skip: notOurs }, () => {
  allHeliogram(run('mocked.mjs', ['--experimental-test-module-mocks', '--import', 'heliogram/register']), 11);
});

test('B89 a second copy of heliogram finds the host\'s dgram', { skip: notOurs }, () => {
  assert.deepStrictEqual(run('copies.cjs', []), { onHost: true, isOther: true, firstStays: true });
});

test('B89 with frozen intrinsics', { skip: notOurs }, () => {
  allHeliogram(run('ways.mjs', ['--frozen-intrinsics', '--import', 'heliogram/register']), 8);
});
