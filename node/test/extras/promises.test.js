'use strict';
// heliogram/promises.

const assert = require('node:assert');
const { getEventListeners } = require('node:events');
const path = require('node:path');
const { ends } = require('../support/process/lifetime.js');
const { CLOSED_PORT } = require('../support/network/namespaces.js');
const { failure, extra, numbers } = require('../support/extras.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'promises.js');
const LO = '127.0.0.1';

/** Loaded on first use, since the module throws where the package falls back to the host's own dgram. */
function create(t, options = 'udp4') {
  const socket = require('../../promises.js').createSocket(options);
  t.after(() => socket[Symbol.asyncDispose]());
  return socket;
}

async function bound(t, options) {
  const socket = create(t, options);
  const { port } = await socket.bind(0, LO);
  return { socket, port };
}

const code = async (action) => (await failure(action)).code;

extra('bind, send, receive, close', async (t) => {
  const { socket, port } = await bound(t);
  const client = create(t);
  assert.strictEqual(await client.send('hello', port, LO), 5);
  const { message, rinfo, ...rest } = await socket.receive();
  assert.deepStrictEqual([String(message), rinfo.size, rinfo.address, rest], ['hello', 5, LO, {}]);
  assert.strictEqual(await socket.send(['re: ', message], rinfo.port, rinfo.address), 9);
  assert.strictEqual(String((await client.receive()).message), 're: hello');
  assert.strictEqual(await socket.close(), undefined);
  assert.strictEqual(await code(() => socket.close()), 'ERR_SOCKET_DGRAM_NOT_RUNNING');
  await socket[Symbol.asyncDispose]();
});

extra('bind resolves to the address, or rejects with its own error', async (t) => {
  const { socket, port } = await bound(t, { type: 'udp4', reuseAddr: false });
  assert.deepStrictEqual(socket.socket.address(), { address: LO, family: 'IPv4', port });
  assert.strictEqual(await code(() => socket.bind()), 'ERR_SOCKET_ALREADY_BOUND');
  const other = create(t);
  const error = await failure(() => other.bind({ port, address: LO }));
  assert.deepStrictEqual([error.code, error.message], ['EADDRINUSE', `bind EADDRINUSE ${LO}:${port}`]);
  assert.strictEqual((await other.bind({ address: LO })).address, LO, 'it can be bound again');
  assert.strictEqual((await create(t).bind()).address, '0.0.0.0');
});

extra('connect, and sends without a port', async (t) => {
  const { socket, port } = await bound(t);
  const client = create(t);
  assert.strictEqual(await client.connect(port, LO), undefined);
  assert.strictEqual(await client.send('hello'), 5);
  assert.strictEqual(String((await socket.receive()).message), 'hello');
  assert.strictEqual(await code(() => client.connect(port, LO)), 'ERR_SOCKET_DGRAM_IS_CONNECTED');
  assert.strictEqual(await code(() => client.send('hello', port, LO)), 'ERR_SOCKET_DGRAM_IS_CONNECTED');
  assert.strictEqual(await code(() => create(t).connect(0)), 'ERR_SOCKET_BAD_PORT');
});

extra('errors of send() and of the look-up reject the promise', async (t) => {
  const { socket } = await bound(t);
  assert.strictEqual(await code(() => socket.send(Buffer.alloc(65_508), 9, LO)), 'EMSGSIZE');
  assert.strictEqual(await code(() => socket.send({}, 9, LO)), 'ERR_INVALID_ARG_TYPE');
  assert.strictEqual(await code(() => socket.send('x', 70_000, LO)), 'ERR_SOCKET_BAD_PORT');
  const error = new Error('no such name');
  const lookup = (name, _family, callback) => process.nextTick(callback, name === LO ? null : error, name, 4);
  const other = create(t, { type: 'udp4', lookup });
  await other.bind(0, LO);
  assert.strictEqual(await failure(() => other.send('x', 9, 'some.example')), error);
  assert.strictEqual(await failure(() => other.connect(9, 'some.example')), error);
});

extra('a send whose implicit bind fails is rejected, and the next send binds again', async (t) => {
  const error = new Error('no look-up');
  let fails = true;
  const lookup = (name, _family, callback) => process.nextTick(callback, fails ? error : null, name, 4);
  const socket = create(t, { type: 'udp4', lookup });
  const sends = [socket.send('x', 9, LO), socket.send('y', 9, LO)];
  for (const send of sends) assert.strictEqual(await failure(() => send), error);
  fails = false;
  assert.strictEqual(await socket.send('x', 9, LO), 1);
});

extra('unread messages are kept in order for receive() and for iteration', async (t) => {
  const { socket, port } = await bound(t, { type: 'udp4', highWaterMark: 3 });
  const sender = await t.connected(await t.boundPeer('sender'), { address: () => ({ port, address: LO }) });
  for (let n = 1; n <= 30; n++) sender.send(String(n));
  const seen = [];
  for (let n = 0; n < 10; n++) seen.push((await socket.receive()).message);
  for (const most of [20, 30]) {
    for await (const { message } of socket) if (seen.push(message) === most) break;
  }
  assert.deepStrictEqual(seen.map(String), numbers(30));
});

extra('parallel calls of receive() get the messages in order', async (t) => {
  const { socket, port } = await bound(t);
  const receiving = Array.from({ length: 5 }, () => socket.receive());
  const client = create(t);
  for (const number of numbers(5)) await client.send(number, port, LO);
  assert.deepStrictEqual((await Promise.all(receiving)).map(({ message }) => String(message)), numbers(5));
});

extra('an aborted receive() takes no message', async (t) => {
  const { socket, port } = await bound(t);
  const control = new AbortController();
  const [first, second, third] = [socket.receive({ signal: control.signal }), socket.receive({ timeout: 1 }), socket.receive()];
  control.abort('enough');
  const aborted = await failure(() => first);
  assert.deepStrictEqual([aborted.name, aborted.code, aborted.cause], ['AbortError', 'ABORT_ERR', 'enough']);
  const late = await failure(() => second);
  const model = await new Promise((resolve) => {
    const signal = AbortSignal.timeout(1);
    signal.addEventListener('abort', () => resolve(signal.reason));
    setTimeout(() => {}, 10);
  });
  assert.ok(late instanceof DOMException);
  assert.deepStrictEqual([late.name, late.code], [model.name, model.code]);
  await create(t).send('for the third', port, LO);
  assert.strictEqual(String((await third).message), 'for the third');
  assert.strictEqual(getEventListeners(control.signal, 'abort').length, 0);
});

extra('signal and timeout of every operation', async (t) => {
  const { socket, port } = await bound(t);
  const signal = AbortSignal.abort();
  const [other, fresh] = [create(t), create(t)];
  const operations = [
    () => socket.receive({ signal }), () => socket.send('x', port, LO, { signal }), () => fresh.bind(0, LO, { signal }),
    () => fresh.bind({ signal }), () => other.connect(port, LO, { signal }), () => other.connect(port, { signal }),
  ];
  for (const operation of operations) assert.strictEqual(await code(operation), 'ABORT_ERR');
  const never = { type: 'udp4', lookup: () => {} };
  assert.strictEqual((await failure(() => create(t, never).bind({ timeout: 1 }))).name, 'TimeoutError');
  assert.strictEqual((await failure(() => create(t, never).send('x', 9, LO, { timeout: 1 }))).name, 'TimeoutError');
  const live = new AbortController();
  const received = socket.receive({ signal: live.signal, timeout: 60_000 });
  await other.send('x', port, LO, { signal: live.signal, timeout: 60_000 });
  await received;
  assert.strictEqual(getEventListeners(live.signal, 'abort').length, 0);
});

extra('invalid options', async (t) => {
  const { socket } = await bound(t);
  const promises = require('../../promises.js');
  assert.strictEqual(await code(() => socket.receive(5)), 'ERR_INVALID_ARG_TYPE');
  assert.strictEqual(await code(() => socket.receive({ timeout: -1 })), 'ERR_OUT_OF_RANGE');
  assert.strictEqual(await code(() => socket.receive({ timeout: 2 ** 31 })), 'ERR_OUT_OF_RANGE');
  assert.strictEqual(await code(() => socket.receive({ signal: {} })), 'ERR_INVALID_ARG_TYPE');
  assert.strictEqual(await code(() => promises.createSocket('tcp4')), 'ERR_SOCKET_BAD_TYPE');
  assert.strictEqual(await code(() => promises.createSocket({ type: 'udp4', highWaterMark: 0 })), 'ERR_OUT_OF_RANGE');
});

extra('closing rejects the operations under way, and ends loops', async (t) => {
  const never = create(t, { type: 'udp4', lookup: (name, _family, callback) => name === LO && process.nextTick(callback, null, LO, 4) });
  await never.bind(0, LO);
  const loop = (async () => { for await (const _ of never) throw new Error('a message'); })();
  const broken = [never.receive(), never.send('x', 9, 'never.example'), never.connect(9, 'never.example')];
  const codes = Promise.all(broken.map((promise) => code(() => promise)));
  await never.close();
  assert.deepStrictEqual(await codes, Array(3).fill('ERR_SOCKET_DGRAM_NOT_RUNNING'));
  await loop;
  for (const operation of ['receive', 'bind', 'close']) assert.strictEqual(await code(() => never[operation]()), 'ERR_SOCKET_DGRAM_NOT_RUNNING');
  assert.strictEqual(await code(() => never.send('x', 9, LO)), 'ERR_SOCKET_DGRAM_NOT_RUNNING');
});

extra('closing while a bind is under way', async (t) => {
  const socket = create(t);
  const [binding, closing] = [code(() => socket.bind(0, LO)), socket.close()];
  assert.strictEqual(await binding, 'ERR_SOCKET_DGRAM_NOT_RUNNING');
  await closing;
  const aborted = create(t, { type: 'udp4', signal: AbortSignal.abort() });
  assert.strictEqual(await code(() => aborted.receive()), 'ERR_SOCKET_DGRAM_NOT_RUNNING');
});

extra('a receive error rejects one receive(), and the socket goes on', async (t) => {
  const { socket, port } = await bound(t);
  await socket.connect(CLOSED_PORT, LO);
  await socket.send('to nobody');
  const error = await failure(() => socket.receive({ timeout: 15_000 }));
  assert.deepStrictEqual([error.code, error.syscall], ['ECONNREFUSED', 'recvmsg']);
  socket.socket.disconnect();
  if (socket.socket.address().port !== port) await socket.send('x', 9, LO);
  await create(t).send('hello', socket.socket.address().port, LO);
  assert.strictEqual(String((await socket.receive()).message), 'hello');
});

ends('a bound socket keeps the process running, and disposal lets it end', FIXTURE, 'disposed', { records: [['received', 'hello'], ['exit']] });
ends('imported by its name in both module systems', FIXTURE, 'imported', { records: [['same', true]] });

extra('sendMany answers the number sent, or rejects with the first error', async (t) => {
  const { socket, port } = await bound(t);
  const client = create(t);
  assert.strictEqual(await client.sendMany(['1', { message: '2', port }], port, LO, { timeout: 10_000 }), 2);
  const error = await failure(() => client.sendMany(['3', Buffer.alloc(65_508), '4'], port, LO));
  assert.deepStrictEqual([error.code, error.index], ['EMSGSIZE', 1]);
  await client.connect(port, LO);
  assert.strictEqual(await client.sendMany(['5', '6']), 2);
  assert.strictEqual(await code(() => client.sendMany(['x'], port)), 'ERR_SOCKET_DGRAM_IS_CONNECTED');
  for (const expected of numbers(6)) assert.strictEqual(String((await socket.receive()).message), expected);
});

extra('the options of a datagram go with those of the call', async (t) => {
  const { socket, port } = await bound(t);
  socket.socket.setRecvMetadata({ ttl: true });
  const client = create(t);
  await client.send('1', port, LO, { ttl: 7, timeout: 10_000 });
  await client.sendMany(['2'], port, LO, { ttl: 8 });
  for (const ttl of [7, 8]) assert.strictEqual((await socket.receive()).rinfo.ttl, ttl);
  assert.strictEqual(await code(() => client.send('x', port, LO, { ttl: 0 })), 'ERR_OUT_OF_RANGE');
}, { needs: process.platform !== 'linux' && 'only Linux reports the TTL here' });
