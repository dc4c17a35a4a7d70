'use strict';
// socket.readable and socket.writable, and disposal.

const assert = require('node:assert');
const { eventually, failure, extra, numbers, pair, sendNumbers } = require('../support/extras.js');

const LO = '127.0.0.1';

async function readTexts(reader, count) {
  const texts = [];
  while (texts.length < count) texts.push(String((await reader.read()).value.message));
  return texts;
}

extra('the streams are made on first use, and once', async (t) => {
  const { socket } = await pair(t);
  assert.ok(socket.readable instanceof ReadableStream && socket.writable instanceof WritableStream);
  assert.strictEqual(socket.readable, socket.readable);
  assert.strictEqual(socket.writable, socket.writable);
  assert.notStrictEqual(socket.readable, (await t.bound('other')).readable);
  assert.strictEqual(socket.listenerCount('message'), 0, 'nobody reads yet');
});

extra('readable yields messages in order, and closes with the socket', async (t) => {
  const { socket, sender } = await pair(t);
  const reader = socket.readable.getReader();
  const first = reader.read();
  sendNumbers(sender, 1, 20);
  const { value } = await first;
  assert.deepStrictEqual(value.rinfo, { address: LO, family: 'IPv4', port: sender.address().port, size: 1 });
  assert.deepStrictEqual(await readTexts(reader, 19), numbers(20).slice(1));
  const last = reader.read();
  socket.close();
  assert.deepStrictEqual({ ...await last }, { done: true, value: undefined });
  await reader.closed;
});

extra('readable can be iterated and piped', async (t) => {
  const { socket, sender } = await pair(t);
  const upper = new TransformStream({ transform: ({ message }, out) => out.enqueue(String(message).toUpperCase()) });
  const piped = socket.readable.pipeThrough(upper).getReader();
  const read = piped.read();
  sender.send('abc');
  assert.strictEqual((await read).value, 'ABC');
});

extra('an error of the socket is an error of readable', async (t) => {
  const { socket } = await pair(t);
  const reading = socket.readable.getReader().read();
  await t.turns();
  const error = new Error('made up');
  socket.emit('error', error);
  assert.strictEqual(await failure(() => reading), error);
});

extra('cancelling readable leaves the socket open', async (t) => {
  const { socket, sender } = await pair(t);
  const reader = socket.readable.getReader();
  const read = reader.read();
  sender.send('1');
  await read;
  await reader.cancel();
  assert.strictEqual(socket.listenerCount('message'), 0);
  sender.send('2');
  assert.strictEqual(String((await t.once(socket, 'message'))[0]), '2');
});

extra('writable sends each datagram to its destination, also from an unbound socket', async (t) => {
  const peers = [await t.boundPeer('one'), await t.boundPeer('two')];
  const heard = peers.map((peer) => t.times(peer, 'message', 10));
  const socket = t.socket('socket');
  const writer = socket.writable.getWriter();
  for (let n = 1; n <= 10; n++) {
    for (const peer of peers) await writer.write({ message: [`${n}`], port: peer.address().port, address: LO });
  }
  await writer.close();
  for (const texts of heard) assert.deepStrictEqual((await texts).map(([message]) => String(message)), numbers(10));
  assert.ok(socket.address().port > 0, 'closing the stream leaves the socket open');
});

extra('writable of a connected socket', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  const heard = t.once(peer, 'message');
  const writer = socket.writable.getWriter();
  await writer.write({ message: 'hello' });
  assert.strictEqual(String((await heard)[0]), 'hello');
  const error = await failure(() => writer.write({ message: 'hello', port: 9 }));
  assert.strictEqual(error.code, 'ERR_SOCKET_DGRAM_IS_CONNECTED');
});

extra('the first failed datagram is an error of writable', async (t) => {
  const writer = (await t.bound('socket')).writable.getWriter();
  const closed = failure(() => writer.closed);
  await writer.write({ message: Buffer.alloc(65_508), port: 9, address: LO });
  assert.strictEqual((await closed).code, 'EMSGSIZE');
  const other = (await t.bound('other')).writable.getWriter();
  other.closed.catch(() => {});
  assert.strictEqual((await failure(() => other.write({ message: 'x', port: 0 }))).code, 'ERR_SOCKET_BAD_PORT');
});

extra('a write waits while the send queue is above the high-water mark', async (t) => {
  const waiting = [];
  const lookup = (name, _family, callback) => (name === 'slow.example' ? waiting.push(callback) : process.nextTick(callback, null, name, 4));
  const socket = await t.bound('socket', { type: 'udp4', lookup, writableHighWaterMark: 10 });
  const writer = socket.writable.getWriter();
  let written = 0;
  const datagram = { message: '12345', port: 9, address: 'slow.example' };
  for (let n = 0; n < 3; n++) writer.write(datagram).then(() => { written += 1; });
  await t.turns();
  assert.deepStrictEqual([written, waiting.length], [1, 2]);
  for (const callback of waiting.splice(0)) callback(null, LO, 4);
  await eventually(t, () => written === 3);
});

extra('closing the socket ends writable, and rejects a waiting write', async (t) => {
  const lookup = (name, _family, callback) => (name === 'never.example' ? undefined : process.nextTick(callback, null, name, 4));
  const socket = await t.bound('socket', { type: 'udp4', lookup, writableHighWaterMark: 1 });
  const writer = socket.writable.getWriter();
  const writes = [1, 2].map(() => writer.write({ message: 'x', port: 9, address: 'never.example' }).catch(({ code }) => code));
  await t.turns();
  socket.close();
  assert.strictEqual((await failure(() => writer.closed)).code, 'ERR_SOCKET_DGRAM_NOT_RUNNING');
  assert.strictEqual((await Promise.all(writes))[1], 'ERR_SOCKET_DGRAM_NOT_RUNNING');
  const late = socket.writable;
  assert.strictEqual(late.locked, true);
  const closed = t.socket('closed');
  closed.close();
  assert.strictEqual((await failure(() => closed.writable.getWriter().closed)).code, 'ERR_SOCKET_DGRAM_NOT_RUNNING');
});

extra('disposal closes the socket unless it is closed', async (t) => {
  const socket = await t.bound('socket');
  const closed = t.once(socket, 'close');
  assert.strictEqual(socket[Symbol.dispose](), undefined);
  await closed;
  socket[Symbol.dispose]();
});

extra('disposal waits for sends that wait for the bind, and for a queued close', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = t.socket('socket');
  const events = [];
  for (const event of ['listening', 'close', 'error']) socket.on(event, () => events.push(event));
  const closed = t.once(socket, 'close');
  socket.send('x', peer.address().port, LO);
  socket.close();
  socket[Symbol.dispose]();
  socket[Symbol.dispose]();
  await failure(() => closed.then(() => socket.close()));
  await t.turns();
  assert.deepStrictEqual(events, ['listening', 'close']);
});
