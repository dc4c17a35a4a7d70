'use strict';
// B101: a copy of the package without a binary, or in a Node that heliogram does not support, is the host's dgram.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const runtime = require('../support/runtime.js');

const PACKAGE = path.join(__dirname, '..', '..');
const NO_BINARY = 'ERR_HELIOGRAM_NO_BINARY';

let folder; // a project with the package and no binary

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'heliogram-no-binary-'));
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "dependencies": { "heliogram": "*" } }');
  const { files } = JSON.parse(fs.readFileSync(path.join(PACKAGE, 'package.json'), 'utf8'));
  for (const name of [...files, 'package.json'].filter((name) => name === 'dist' || /\.(c|m)?js(on)?$/.test(name))) {
    fs.cpSync(path.join(PACKAGE, name), path.join(folder, 'node_modules', 'heliogram', name), { recursive: true });
  }
});

after(() => fs.rmSync(folder, { recursive: true }));

/** What the program printed, and its warnings and errors. */
function run(program, { flags = [], env = {}, name = 'main.cjs' } = {}) {
  const file = path.join(folder, name);
  fs.writeFileSync(file, program);
  const [command, ...args] = [...runtime.command(), ...flags, file];
  const { stdout, stderr, status } = spawnSync(command, args, {
    cwd: folder, encoding: 'utf8', timeout: 60_000, env: { ...process.env, NODE_OPTIONS: '', NODE_TEST_CONTEXT: undefined, ...env },
  });
  return { stdout, stderr, status };
}

/** A program that prints what an expression gives, or the error that it throws. */
function print(expression, options) {
  const { stdout, stderr } = run(`try { console.log(JSON.stringify(${expression})); } catch ({ code, message }) { console.log(JSON.stringify({ code, message })); }`, options);
  assert.notStrictEqual(stdout, '', stderr);
  return { value: JSON.parse(stdout), stderr };
}

const echo = (dgram) => `
  const socket = (${dgram}).createSocket({ type: 'udp4', offload: false, receiveCoalescing: 100, pooledBuffers: true }, (msg) => {
    console.log(String(msg));
    socket.close();
  });
  socket.bind(0, '127.0.0.1', () => socket.send('some bytes', socket.address().port, '127.0.0.1'));`;

const preload = { bun: '--preload=', deno: '--preload=' }[runtime.name] ?? '--import=';

test('B101 without a binary it is the host\'s dgram, with one warning', () => {
  for (const [program, name] of [[echo("require('heliogram')"), 'main.cjs'], [`import dgram from 'heliogram'; ${echo('dgram')}`, 'main.mjs']]) {
    const { stdout, stderr } = run(program, { name });
    assert.strictEqual(stdout, 'some bytes\n', stderr);
    assert.strictEqual(stderr.match(/HELIOGRAM_NO_BINARY/g)?.length, 1, stderr);
  }
  const { value } = print("[require('heliogram').Socket === require('node:dgram').Socket, Object.keys(require('heliogram')).length === Object.keys(require('node:dgram')).length]");
  assert.deepStrictEqual(value, [true, true]);
});

test('B101 the warning says what was looked for and what to do, and nothing of cargo', () => {
  const { stderr } = run("require('heliogram')");
  const { platform, arch } = process;
  assert.match(stderr, new RegExp(`no binary for this machine \\(${platform} ${arch}`));
  assert.match(stderr, new RegExp(`@heliogram/${platform}-${arch}\\S*: not installed`));
  for (const part of ['npm install --include=optional heliogram', `--os=${platform} --cpu=${arch}`, 'Binaries exist for linux-x64-gnu', 'HELIOGRAM_FALLBACK=0']) {
    assert.ok(stderr.includes(part), stderr);
  }
  assert.doesNotMatch(stderr, /cargo/);
});

test('B101 a binary of another version is none', { skip: runtime.isOther && 'the loader of Node that it replaces' }, () => {
  const file = path.join(folder, 'other.node');
  fs.copyFileSync(path.join(folder, 'package.json'), file); // whatever it is, the loader below answers for it
  const program = `
    require('node:module')._extensions['.node'] = (module) => { module.exports = { ThreadSockets: { version: () => '0.0.1' } }; };
    require('heliogram').createSocket('udp4').close();`;
  const { stderr } = run(program, { env: { HELIOGRAM_BINARY: file } });
  assert.match(stderr, /it is of version 0\.0\.1, and the package of \d+\.\d+\.\d+/);
});

test('B101 heliogram/register leaves the host\'s dgram as it is', () => {
  const register = path.join(folder, 'node_modules', 'heliogram', 'register.mjs');
  const [command, ...args] = runtime.command([`${preload}${register}`]);
  fs.writeFileSync(path.join(folder, 'main.cjs'), echo("require('node:dgram')"));
  const { stdout, stderr } = spawnSync(command, [...args, path.join(folder, 'main.cjs')], {
    cwd: folder, encoding: 'utf8', timeout: 60_000, env: { ...process.env, NODE_OPTIONS: '', NODE_TEST_CONTEXT: undefined },
  });
  assert.strictEqual(stdout, 'some bytes\n', stderr);
  assert.strictEqual(stderr.match(/HELIOGRAM_NO_BINARY/g)?.length, 1, stderr);
});

test('B101 a thread that the warned thread starts does not warn again', () => {
  const { stdout, stderr } = run(`
    const { isMainThread, Worker } = require('node:worker_threads');
    require('heliogram');
    if (isMainThread) new Worker(__filename);
    else console.log('in the thread');`);
  assert.strictEqual(stdout, 'in the thread\n', stderr);
  assert.strictEqual(stderr.match(/HELIOGRAM_NO_BINARY/g)?.length, 1, stderr);
});

for (const [option, value] of [['writableHighWaterMark', 1], ['maxSendQueueSize', 1], ['maxSendQueueCount', 1], ['socketOptions', '{}']]) {
  test(`B101 createSocket() refuses ${option} by name`, () => {
    const { value: error } = print(`require('heliogram').createSocket({ type: 'udp4', ${option}: ${value} })`);
    assert.strictEqual(error.code, NO_BINARY);
    assert.match(error.message, new RegExp(`^The option '${option}' of createSocket\\(\\) is heliogram's own\\. heliogram has no binary`));
  });
}

test('B101 createSocket() refuses unix_dgram, and the other modules say why they are missing', () => {
  const { value: error } = print("require('heliogram').createSocket('unix_dgram')");
  assert.deepStrictEqual([error.code, error.message.startsWith("The socket type 'unix_dgram'")], [NO_BINARY, true]);
  for (const part of ['heliogram/promises', 'heliogram/workers', 'heliogram/unix-dgram']) {
    const { value: error } = print(`require('${part}')`);
    assert.deepStrictEqual([error.code, error.message.split('.')[0]], [NO_BINARY, `${part} needs heliogram's own sockets`]);
  }
});

test('B101 HELIOGRAM_FALLBACK=0 makes it an error', () => {
  for (const part of ['heliogram', 'heliogram/register']) {
    const { value, stderr } = print(`require('${part}')`, { env: { HELIOGRAM_FALLBACK: '0' } });
    assert.strictEqual(value.code, NO_BINARY);
    assert.doesNotMatch(stderr, /HELIOGRAM_NO_BINARY/);
  }
});

test('B101 HELIOGRAM_BINARY names the file, and one that does not load is named with the reason', () => {
  const name = fs.readdirSync(PACKAGE).find((file) => file.endsWith('.node'));
  const isOwn = "require('heliogram').Socket !== require('node:dgram').Socket";
  assert.strictEqual(print(isOwn, { env: { HELIOGRAM_BINARY: path.join(PACKAGE, name) } }).value, true);
  const broken = path.join(folder, 'broken.node');
  fs.writeFileSync(broken, 'no shared object');
  const { value, stderr } = print(isOwn, { env: { HELIOGRAM_BINARY: broken } });
  assert.strictEqual(value, false);
  assert.match(stderr, /broken\.node: (?!no such file)\S/);
  assert.match(print(isOwn, { env: { HELIOGRAM_BINARY: path.join(folder, 'none.node') } }).stderr, /none\.node: no such file\nHELIOGRAM_BINARY names this file/);
});

test('B101 in a Node that heliogram does not support it is the host\'s dgram too', { skip: runtime.isOther && 'Node\'s versions' }, () => {
  const old = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '21.7.3' } });";
  const { stdout, stderr } = run(`${old} ${echo("require('heliogram')")}`);
  assert.strictEqual(stdout, 'some bytes\n', stderr);
  assert.strictEqual(stderr.match(/HELIOGRAM_NOT_SUPPORTED/g)?.length, 1, stderr);
  const refused = run(`${old} try { require('heliogram/promises') } catch ({ code }) { console.log(code) }`);
  assert.strictEqual(refused.stdout, 'ERR_HELIOGRAM_NOT_SUPPORTED\n', refused.stderr);
  const strict = run(`${old} try { require('heliogram') } catch ({ code }) { console.log(code) }`, { env: { HELIOGRAM_FALLBACK: '0' } });
  assert.strictEqual(strict.stdout, 'ERR_HELIOGRAM_NOT_SUPPORTED\n', strict.stderr);
});

test('B101 the loader\'s errors are said in words', () => {
  const { noBinary } = require('../../dist/fallback.cjs')['fallback/reasons.js'];
  const said = (message) => noBinary([{ place: 'there', error: { message } }], ['linux-x64-gnu']).message;
  assert.match(said("/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.17' not found (required by /a.node)"), /there: the system's C library is too old: it needs glibc 2\.17 or later/);
  assert.match(said('Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by /a.node)'), /there: it needs glibc, and the system has another C library/);
  assert.match(said('libc.musl-x86_64.so.1: cannot open shared object file: No such file or directory'), /there: it needs musl, and the system has another/);
});
