'use strict';
// Unix datagram sockets: createSocket('unix_dgram') and heliogram/unix-dgram.

const assert = require('node:assert');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { subject: dgram } = require('../support/module.js');
const { extra } = require('../support/extras.js');

const noLocal = process.platform === 'win32' && 'Windows has no local datagrams';
const noAbstract = process.platform !== 'linux' && 'abstract names are of Linux';
const type = 'unix_dgram';

/** Declares a test that gets a temporary folder and a list of sockets to close. */
function unixDatagram(title, scenario, needs = noLocal) {
  extra(title, async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'heliogram-'));
    const sockets = [];
    try {
      await scenario({ in: (name) => path.join(folder, name), own: (socket) => (sockets.push(socket), socket) });
    } finally {
      for (const socket of sockets) try { socket.close(); } catch (error) { assert.strictEqual(error.code, 'ERR_SOCKET_DGRAM_NOT_RUNNING'); }
      fs.rmSync(folder, { recursive: true });
    }
  }, { needs });
}

const socketOf = (t, options = type) => t.own(dgram.createSocket(options));

async function bound(t, where, options) {
  const socket = socketOf(t, options);
  socket.bind(where);
  await once(socket, 'listening');
  return socket;
}

const sent = (socket, ...args) => new Promise((resolve, reject) => {
  socket.send(...args, (error, bytes) => (error ? reject(error) : resolve(bytes)));
});

unixDatagram('a message to a path, and its answer', async (t) => {
  const [server, client] = [await bound(t, t.in('server')), await bound(t, { path: t.in('client') })];
  server.on('message', (message, { address }) => server.send(['re: ', message], address));
  assert.strictEqual(await sent(client, 'xhellox', 1, 5, t.in('server')), 5);
  const [message, rinfo] = await once(client, 'message');
  assert.deepStrictEqual([String(message), rinfo], ['re: hello', { address: t.in('server'), size: 9 }]);
  assert.deepStrictEqual(client.address(), { address: t.in('client') });
});

unixDatagram('connect and disconnect in every state', async (t) => {
  const server = await bound(t, t.in('server'));
  const client = socketOf(t);
  assert.throws(() => client.send('x'), { code: 'ERR_SOCKET_DGRAM_NOT_CONNECTED' });
  client.connect(t.in('server'));
  await once(client, 'connect');
  assert.deepStrictEqual(client.remoteAddress(), { address: t.in('server') });
  assert.throws(() => client.connect(t.in('server')), { code: 'ERR_SOCKET_DGRAM_IS_CONNECTED' });
  assert.strictEqual(await sent(client, Buffer.from('four')), 4);
  const [, rinfo] = await once(server, 'message');
  assert.deepStrictEqual(rinfo, { address: '', size: 4 });
  server.close();
  await assert.rejects(sent(client, 'x'), { code: 'ECONNREFUSED' });
  client.disconnect();
  assert.throws(() => client.disconnect(), { code: 'ERR_SOCKET_DGRAM_NOT_CONNECTED' });
});

unixDatagram('errors have codes and name the path', async (t) => {
  await bound(t, t.in('taken'));
  const socket = socketOf(t).bind(t.in('taken'));
  const [error] = await once(socket, 'error');
  assert.deepStrictEqual([error.code, error.syscall, error.address], ['EADDRINUSE', 'bind', t.in('taken')]);
  await assert.rejects(sent(socket, 'x', t.in('none')), { code: 'ENOENT', message: `send ENOENT ${t.in('none')}` });
  await assert.rejects(new Promise((resolve, reject) => socket.connect(t.in('none'), reject)), { code: 'ENOENT' });
  assert.throws(() => socket.bind(5), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.throws(() => socket.send(5, t.in('none')), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.throws(() => new dgram.Socket(type), { code: 'ERR_SOCKET_BAD_TYPE' });
  await new Promise((resolve) => socket.close(resolve));
  for (const call of ['address', 'close', 'disconnect']) assert.throws(() => socket[call](), { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' });
});

unixDatagram('close removes the path, unless unlink is false; replaceStale replaces a stale one', async (t) => {
  const first = await bound(t, t.in('path'), { type, unlink: false });
  await first[Symbol.asyncDispose]();
  assert.ok(fs.existsSync(t.in('path')));
  const second = await bound(t, t.in('path'), { type, replaceStale: true });
  await new Promise((resolve) => second.close(resolve));
  assert.ok(!fs.existsSync(t.in('path')));
});

unixDatagram('datagrams that a connected peer has no room for are queued in order', async (t) => {
  const server = await bound(t, t.in('server'));
  const client = socketOf(t);
  client.connect(t.in('server'));
  const heard = [];
  const outcomes = [];
  for (let n = 0; n < 500; n++) client.send(String(n), (error, bytes) => outcomes.push(error ?? bytes));
  if (process.platform === 'linux') assert.ok(client.getSendQueueCount() > 0);
  await new Promise((resolve) => server.on('message', (message) => heard.push(String(message)) === 500 && resolve()));
  assert.deepStrictEqual(heard, Array.from({ length: 500 }, (_, n) => String(n)));
  while (outcomes.length < 500) await new Promise(setImmediate);
  assert.ok(outcomes.every((bytes, n) => bytes === String(n).length));
});

unixDatagram('queued sends fail when the socket closes', async (t) => {
  await bound(t, t.in('server'));
  const client = socketOf(t);
  client.connect(t.in('server'));
  const codes = [];
  for (let n = 0; n < 500; n++) client.send('x', (error) => codes.push(error?.code));
  const waiting = client.getSendQueueCount();
  await new Promise((resolve) => client.close(resolve));
  assert.strictEqual(codes.filter((code) => code === 'ERR_SOCKET_DGRAM_NOT_RUNNING').length, waiting);
  assert.strictEqual(codes.length, 500);
});

unixDatagram('systemd\'s notify protocol over an abstract name, with the credentials of the sender', async (t) => {
  const name = `\0heliogram-${process.pid}`;
  const manager = await bound(t, name, { type, receiveCredentials: true });
  await sent(socketOf(t), 'READY=1', name);
  const [message, { credentials }] = await once(manager, 'message');
  assert.strictEqual(String(message), 'READY=1');
  assert.deepStrictEqual(credentials, { pid: process.pid, uid: process.getuid(), gid: process.getgid() });
}, noAbstract);

unixDatagram('unix-dgram: systemd\'s notify protocol and a log over paths', async (t) => {
  const unix = require('../../unix-dgram.js');
  const heard = [];
  for (const name of ['notify', 'log']) {
    const server = t.own(unix.createSocket(type, (message) => heard.push(`${name}: ${message}`)));
    server.on('listening', () => heard.push(`${name} listens`));
    server.bind(t.in(name));
  }
  const client = t.own(unix.createSocket(type));
  client.send(Buffer.from('READY=1'), 0, 7, t.in('notify'), (error) => heard.push(['notified', error]));
  client.on('connect', () => heard.push('connected'));
  client.connect(t.in('log'));
  client.send(Buffer.from('<14>started'), () => heard.push('logged'));
  assert.deepStrictEqual(heard, ['notify listens', 'log listens', ['notified', undefined], 'connected', 'logged'], 'at once');
  while (heard.length < 7) await new Promise(setImmediate);
  assert.deepStrictEqual(heard.slice(5).sort(), ['log: <14>started', 'notify: READY=1']);
  client.close();
  assert.throws(() => client.close(), { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' });
  assert.ok(fs.existsSync(t.in('log')));
});

unixDatagram('unix-dgram: congestion and writable', async (t) => {
  const unix = require('../../unix-dgram.js');
  const server = t.own(unix.createSocket(type));
  server.bind(t.in('log'));
  const client = t.own(unix.createSocket(type));
  client.connect(t.in('log'));
  let refused;
  client.on('congestion', (message) => { refused = String(message); });
  for (let n = 0; refused === undefined; n++) client.send(Buffer.from(String(n)));
  await once(client, 'writable');
  client.send(Buffer.from(refused));
  let last;
  server.on('message', (message) => { last = String(message); });
  while (last !== refused) await new Promise(setImmediate);
  const stranger = t.own(unix.createSocket(type));
  const errors = [];
  stranger.on('error', ({ code, errno, syscall, message }) => errors.push([code, errno, syscall, message]));
  stranger.sendto(Buffer.from('x'), 0, 1, t.in('none'));
  assert.deepStrictEqual(errors, [[-2, -2, 'send', 'send -2']]);
}, noAbstract);

unixDatagram('B98 unix-dgram: a send in the connect event, and a callback for each message that a full queue refuses', async (t) => {
  const unix = require('../../unix-dgram.js');
  const server = t.own(unix.createSocket(type));
  server.bind(t.in('log'));
  const client = t.own(unix.createSocket(type));
  const outcomes = [];
  client.on('connect', () => client.send(Buffer.from('first'), (error) => outcomes.push(error)));
  client.connect(t.in('log'));
  assert.deepStrictEqual([client.connected, outcomes], [true, [undefined]]);
  let events = 0;
  client.on('congestion', () => events++);
  for (let n = 0; n < 100; n++) client.send(Buffer.from(String(n)), (error) => outcomes.push(error && [error.message, error.code]));
  assert.strictEqual(outcomes.length, 101);
  const refused = outcomes.filter(Boolean);
  assert.ok(refused.length > 0 && refused.every(([message, code]) => message === 'congestion' && code === 1));
  client.send(Buffer.from('no callback'));
  assert.strictEqual(events, 1);
}, noAbstract);
