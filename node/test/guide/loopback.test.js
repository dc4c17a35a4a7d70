'use strict';
// The guide's programs that need no other host, each asked by a client that is not heliogram.

const assert = require('node:assert');
const dgram = require('node:dgram');
const dns = require('node:dns');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const StatsD = require('statsd-client');
const syslog = require('syslog-client');
const { reservedPort } = require('../support/network/ports.js');
const { FOLDER, start } = require('./program.js');

/** A client of the host's own dgram, connected to that port. */
async function client(t, port) {
  const socket = dgram.createSocket('udp4');
  t.after(() => socket.close());
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** Sends, and resolves to the next message. */
async function ask(socket, message) {
  const answer = once(socket, 'message');
  socket.send(message);
  return (await answer)[0];
}

async function* answers(socket) {
  for await (const [message] of require('node:events').on(socket, 'message')) yield message;
}

test('statsd-sink.mjs', async (t) => {
  const port = await reservedPort();
  const sink = start(t, ['statsd-sink.mjs', port, 0.05]);
  assert.strictEqual(await sink.line(), `listening on ${port}`);
  const statsd = new StatsD({ host: '127.0.0.1', port });
  t.after(() => statsd.close());
  (await client(t, port)).send('ignored');
  statsd.increment('requests');
  statsd.increment('requests', 2);
  statsd.gauge('users', 7);
  let [requests, line] = [0, ''];
  while (line !== 'users 7') { // the reports: the counters start again after each
    line = await sink.line();
    requests += Number(/^requests (\d+)$/.exec(line)?.[1] ?? 0);
  }
  assert.strictEqual(requests, 3);
  assert.match((await sink.end()).at(-1), /^[1-9]\d* datagrams, 0 dropped$/);
});

test('dns-server.mjs', async (t) => {
  const port = await reservedPort();
  const server = start(t, ['dns-server.mjs', port]);
  await server.line();
  const resolver = new dns.promises.Resolver({ timeout: 5_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  assert.deepStrictEqual(await resolver.resolve4('WWW.example.test'), ['192.0.2.1', '192.0.2.2']);
  await assert.rejects(resolver.resolve4('none.example.test'), { code: 'ENOTFOUND' });
  await assert.rejects(resolver.resolveMx('mail.example.test'), { code: 'ENODATA' });
  (await client(t, port)).send('no DNS message');
  assert.deepStrictEqual(await resolver.resolve4('mail.example.test'), ['192.0.2.3']);
  assert.deepStrictEqual(await server.end(), []);
});

test('syslog-receiver.mjs', async (t) => {
  const port = await reservedPort();
  const receiver = start(t, ['syslog-receiver.mjs', port]);
  await receiver.line();
  const sender = syslog.createClient('127.0.0.1', { port, syslogHostname: 'box', appName: 'app', rfc3164: false });
  t.after(() => sender.close());
  const send = (text, severity) => new Promise((resolve, reject) => sender.log(text, { severity }, (error) => (error ? reject(error) : resolve())));
  await send('all is well', syslog.Severity.Informational);
  await send('the disk is full', syslog.Severity.Error);
  assert.match(await receiver.line(), /^error from 127\.0\.0\.1: \S+ box app .*the disk is full$/);
  assert.deepStrictEqual(await receiver.end(), ['1 other messages']);
});

test('game-server.mjs', async (t) => {
  const port = await reservedPort();
  const server = start(t, ['game-server.mjs', port]);
  await server.line();
  const [one, two] = [await client(t, port), await client(t, port)];
  assert.deepStrictEqual(await ask(one, Buffer.from([0, 1, 3, 0xff])), Buffer.from([0, 1]));
  two.send(Buffer.from([0, 9, 5, 5]));
  for await (const message of answers(one)) {
    if (String(message) === '[[3,-1],[5,5]]') break;
  }
  assert.deepStrictEqual(await server.end(), []);
});

test('unix-metrics.mjs', { skip: process.platform !== 'linux' && 'unix credentials are Linux' }, async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'heliogram-guide-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const socket = path.join(folder, 'metrics.sock');
  const server = start(t, ['unix-metrics.mjs', 'serve', socket]);
  await server.line();
  const sender = start(t, ['unix-metrics.mjs', 'send', socket, 'requests:1|c']);
  assert.strictEqual(await server.line(), `requests:1|c from process ${sender.child.pid} of user ${process.getuid()}`);
  await sender.ended();
  await server.end();
  assert.deepStrictEqual(fs.readdirSync(folder), []);
});

test('shared-port.mjs', { skip: process.platform !== 'linux' && 'reusePort spreads datagrams on Linux' }, async (t) => {
  const port = await reservedPort();
  const server = start(t, ['shared-port.mjs', port, 3]);
  assert.strictEqual(await server.line(), `3 processes on port ${port}`);
  const pids = new Set();
  for (let n = 0; n < 64 && pids.size < 2; n++) {
    const socket = await client(t, port);
    const [first, second] = [String(await ask(socket, 'one')), String(await ask(socket, 'two'))].map((text) => text.split(' ')[0]);
    assert.strictEqual(first, second, 'a client stays with one process');
    pids.add(first);
  }
  assert.strictEqual(pids.size, 2);
  assert.deepStrictEqual(await server.end(), []);
});

test('shutdown.mjs', async (t) => {
  const port = await reservedPort();
  const server = start(t, ['shutdown.mjs', port]);
  await server.line();
  const socket = await client(t, port);
  const answered = [];
  socket.on('message', (message) => answered.push(String(message)));
  socket.on('error', () => {}); // the server is closed
  let sent = 0;
  const timer = setInterval(() => socket.send(String(sent++)), 5);
  await once(socket, 'message');
  const [finishing, closed] = await server.end();
  clearInterval(timer);
  const tasks = Number(/^finishing (\d+) tasks$/.exec(finishing)[1]);
  assert.ok(tasks > 0 && answered.length >= tasks, `${tasks} tasks, ${answered.length} answers`);
  assert.deepStrictEqual(answered, answered.map((_, n) => `done: ${n}`), 'an answer is missing');
  assert.strictEqual(closed, 'closed');
});

test('every program is tested', () => {
  const tests = ['loopback.test.js', 'network.test.js'].map((name) => fs.readFileSync(path.join(__dirname, name), 'utf8')).join('');
  for (const name of fs.readdirSync(FOLDER)) assert.ok(tests.includes(`['${name}'`), `${name} has a test`);
});
