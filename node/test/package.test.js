'use strict';
// The package as it is published: staged, installed in a project of its own, started from there.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { isItself, nodeMajor } = require('./support/module.js');
const { names } = require('../dist/core.cjs')['bridge/binding.js'];

const PACKAGE = path.join(__dirname, '..');
const read = (file) => fs.readFileSync(path.join(PACKAGE, file), 'utf8');
const manifest = JSON.parse(read('package.json'));
const platforms = JSON.parse(read('npm/platforms.json'));

/** A project with the staged packages installed. */
function project(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'heliogram-package-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const staged = path.join(folder, 'node_modules');
  const { status, stderr } = spawnSync(process.execPath, [path.join(PACKAGE, 'npm', 'stage.mjs'), staged], { encoding: 'utf8' });
  assert.strictEqual(status, 0, stderr);
  return folder;
}

function run(folder, flags, program) {
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', program], {
    cwd: folder, encoding: 'utf8', timeout: 30_000, env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1', NODE_TEST_CONTEXT: undefined },
  });
  return stdout + stderr;
}

/** A program that sends itself a datagram with the given `dgram`. */
const echo = (dgram) => `
  const socket = (${dgram}).createSocket('udp4', (msg) => { console.log(String(msg)); socket.close(); });
  socket.bind(0, '127.0.0.1', () => socket.send('some bytes', socket.address().port));`;

/** Why what only heliogram has is not tested here, if it is not. */
const isHosts = Number(process.versions.node.split('.')[0]) < 22 && 'below Node 22 the package is the host\'s dgram';

test('an uncaught error prints a short line of the package, not a whole file', { skip: isHosts }, (t) => {
  const output = run(project(t), [], "require('heliogram').createSocket('udp4').setRecvMetadata({ ttl: true })");
  assert.match(output, /setRecvMetadata EBADF: the socket is not bound/);
  assert.ok(Math.max(...output.split('\n').map((line) => line.length)) < 400, output.slice(0, 1_000));
});

test('installed, it is required, imported and registered by its name', (t) => {
  const folder = project(t);
  const own = "require('heliogram').Socket !== require('dgram').Socket";
  assert.strictEqual(run(folder, [], echo("require('heliogram')")), 'some bytes\n');
  assert.strictEqual(run(folder, ['--input-type=module'], `import dgram from 'heliogram'; ${echo('dgram')}`), 'some bytes\n');
  assert.strictEqual(run(folder, ['--import', 'heliogram/register'], echo("require('dgram')")), 'some bytes\n');
  assert.strictEqual(run(folder, [], `console.log(${own})`), `${isItself}\n`);
  assert.strictEqual(run(folder, ['--require', 'heliogram/register'], `console.log(${own})`), 'false\n');
});

test('the package contains the files of its manifest and no others', (t) => {
  const root = path.join(project(t), 'node_modules', 'heliogram');
  const { main, module, types, exports, devDependencies, scripts } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  const named = [main, module, types, ...JSON.stringify(exports).match(/\.\/[^"*]+\.\w+/g)];
  assert.ok(named.length > 8);
  for (const file of named) assert.ok(fs.existsSync(path.join(root, file)), file);
  assert.deepStrictEqual([devDependencies, scripts], [undefined, undefined], 'nothing to install or run');
  const top = ['LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'package.json', 'dist', 'examples', ...manifest.files.filter((name) => name.includes('.'))];
  assert.deepStrictEqual(fs.readdirSync(root).sort(), top.sort());
});

test('it depends on the platform packages that are staged with it and on no others', (t) => {
  const modules = path.join(project(t), 'node_modules');
  const { version, optionalDependencies } = JSON.parse(fs.readFileSync(path.join(modules, 'heliogram', 'package.json'), 'utf8'));
  const staged = fs.readdirSync(path.join(modules, '@heliogram')).map((name) => [`@heliogram/${name}`, version]);
  assert.ok(staged.length > 0);
  assert.deepStrictEqual(optionalDependencies, Object.fromEntries(staged));
});

test('the loader and the packages agree on the names of the platforms', () => {
  for (const { name, os: system, cpu } of platforms) assert.ok(names(system, cpu).includes(name), name);
});

test('every supported Node gets heliogram\'s sockets', () => {
  assert.strictEqual(isItself, nodeMajor >= 22);
});

test('the package and the workspace have the same version', () => {
  assert.strictEqual(manifest.version, /^version = "(.+)"/m.exec(read('../Cargo.toml'))[1]);
});

test('the lock files do not name a registry', () => {
  for (const lock of ['package-lock.json', 'test/runtimes/package-lock.json', 'test/old-runtimes/package-lock.json']) {
    assert.doesNotMatch(read(lock), /"resolved"|registry/, lock);
  }
});
