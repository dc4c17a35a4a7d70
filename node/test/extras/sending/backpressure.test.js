'use strict';
// writableNeedDrain, writableLength, 'drain', and the limits of the send queue.

const assert = require('node:assert');
const { eventually, failure, extra } = require('../../support/extras.js');

const LO = '127.0.0.1';
const NAME = 'some.example';

/** A look-up that answers NAME when `answer` is called, and every other name at once (`bind` looks up too). */
function deferredLookup() {
  const waiting = [];
  const lookup = (name, _family, callback) => {
    if (name === NAME) waiting.push(callback);
    else process.nextTick(callback, null, name, 4);
  };
  return { lookup, answer: (error = null) => waiting.splice(0).forEach((callback) => callback(error, LO, 4)) };
}

/** A bound socket whose sends to NAME wait until `answer` is called, and the peer that receives them. */
async function waitingSocket(t, options) {
  const { lookup, answer } = deferredLookup();
  const socket = await t.bound('socket', { type: 'udp4', lookup, ...options });
  const peer = await t.boundPeer('peer');
  const send = (message, callback) => socket.send(message, peer.address().port, NAME, callback);
  return { socket, peer, send, answer };
}

/** Counts the 'drain' events. */
function drains(socket) {
  const counter = { count: 0 };
  socket.on('drain', () => { counter.count += 1; });
  return counter;
}

extra('sends that wait for a look-up count, and drain comes when none waits any more', async (t) => {
  const { socket, send, answer } = await waitingSocket(t, { writableHighWaterMark: 2_000 });
  const drained = drains(socket);
  assert.deepStrictEqual([socket.writableLength, socket.writableNeedDrain], [0, false]);
  send(Buffer.alloc(1_000));
  assert.deepStrictEqual([socket.writableLength, socket.writableNeedDrain], [1_000, false]);
  send([Buffer.alloc(500), 'x'.repeat(500)], () => {});
  assert.deepStrictEqual([socket.writableLength, socket.writableNeedDrain], [2_000, true]);
  await t.turns();
  assert.strictEqual(drained.count, 0);
  answer();
  assert.deepStrictEqual([socket.writableLength, socket.writableNeedDrain], [0, true], 'until drain');
  await t.once(socket, 'drain');
  await t.turns();
  assert.deepStrictEqual([drained.count, socket.writableNeedDrain], [1, false]);
});

extra('no drain below the high-water mark', async (t) => {
  const { socket, send, answer } = await waitingSocket(t, { writableHighWaterMark: 2_000 });
  const drained = drains(socket);
  send(Buffer.alloc(1_999));
  answer();
  await t.turns();
  assert.deepStrictEqual([drained.count, socket.writableLength], [0, 0]);
});

extra('sends whose look-up fails or throws no longer count', async (t) => {
  const { socket, send, answer } = await waitingSocket(t, { writableHighWaterMark: 1 });
  const error = new Error('no such name');
  const sent = t.until((done) => send('x', done));
  answer(error);
  assert.deepStrictEqual(await sent, [error]);
  const emitted = t.once(socket, 'error');
  send('without a callback');
  answer(error);
  assert.deepStrictEqual(await emitted, [error]);
  assert.strictEqual(socket.writableLength, 0);
  const thrower = await t.bound('thrower', { type: 'udp4', writableHighWaterMark: 1, lookup: (name, _, callback) => {
    if (name === NAME) throw error;
    process.nextTick(callback, null, name, 4);
  } });
  assert.strictEqual(await failure(() => thrower.send('x', 9, NAME)), error);
  assert.strictEqual(thrower.writableLength, 0);
});

extra('a buffer transferred while it waits is subtracted with its first size', async (t) => {
  const { socket, send, answer } = await waitingSocket(t, { writableHighWaterMark: 1 });
  const bytes = new Uint8Array(100);
  send(bytes);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  answer();
  await t.turns();
  assert.strictEqual(socket.writableLength, 0);
});

extra('sends that wait for the bind count', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = t.socket('socket', { type: 'udp4', writableHighWaterMark: 10 });
  const drained = drains(socket);
  const heard = t.times(peer, 'message', 3);
  for (let n = 0; n < 3; n++) socket.send('12345', peer.address().port, LO);
  assert.deepStrictEqual([socket.writableLength, socket.writableNeedDrain], [15, true]);
  await heard;
  await t.turns();
  assert.deepStrictEqual([socket.writableLength, socket.writableNeedDrain, drained.count], [0, false, 1]);
});

extra('the callbacks of sends that wait for a bind get its error', async (t) => {
  const error = new Error('no look-up');
  const socket = t.socket('socket', { type: 'udp4', maxSendQueueCount: 5, lookup: (_name, _family, callback) => process.nextTick(callback, error) });
  const errors = t.until((done) => socket.once('error', done));
  const sent = t.until((done) => socket.send('x', 9, LO, done));
  socket.send('y', 9, LO);
  assert.deepStrictEqual(await sent, [error]);
  assert.deepStrictEqual(await errors, [error]);
  assert.strictEqual(socket.writableLength, 0);
});

extra('sends that the kernel has no room for count', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket', { type: 'udp4', writableHighWaterMark: 4_000 }), peer);
  socket.setSendBufferSize(1);
  const drained = drains(socket);
  let left = 0;
  for (let n = 0; n < 200; n++) socket.send(Buffer.alloc(1_000), () => { left += 1; });
  await eventually(t, () => left === 200 && socket.writableLength === 0);
  await t.turns();
  assert.ok(drained.count <= 1);
  for (let n = 0; n < 200; n++) socket.send(Buffer.alloc(1_000));
  await eventually(t, () => socket.writableLength === 0 && !socket.writableNeedDrain);
});

extra('a program that waits for drain loses nothing', async (t) => {
  const peer = await t.boundPeer('peer');
  peer.setRecvBufferSize(1 << 21);
  const socket = await t.bound('socket', { type: 'udp4', writableHighWaterMark: 1_000 });
  const heard = t.times(peer, 'message', 300);
  let pauses = 0;
  for (let n = 0; n < 300; n++) {
    socket.send(Buffer.alloc(100, n), peer.address().port, LO);
    if (!socket.writableNeedDrain) continue;
    pauses += 1;
    await t.once(socket, 'drain');
  }
  assert.strictEqual(pauses, 30);
  assert.ok((await heard).every(([message], n) => message[0] === n % 256));
});

extra('more than maxSendQueueCount: the callback gets an error, and nothing is sent', async (t) => {
  const { socket, peer, send, answer } = await waitingSocket(t, { maxSendQueueCount: 2 });
  const heard = t.times(peer, 'message', 3);
  for (const message of ['one', 'two']) send(message);
  const [error] = await t.until((done) => send('one too many', done));
  assert.deepStrictEqual([error.name, error.code, error.message], ['HeliogramError', 'ERR_HELIOGRAM_SEND_QUEUE_FULL', 'The send queue is full: 2 datagrams, 6 bytes']);
  assert.strictEqual(send('dropped, since there is no callback'), undefined);
  answer();
  send('three');
  answer();
  assert.deepStrictEqual((await heard).map(([message]) => String(message)), ['one', 'two', 'three']);
  assert.strictEqual(socket.writableLength, 0);
});

extra('more than maxSendQueueSize', async (t) => {
  const { send, answer } = await waitingSocket(t, { maxSendQueueSize: 100 });
  send(Buffer.alloc(60));
  const [error] = await t.until((done) => send(Buffer.alloc(41), done));
  assert.strictEqual(error.code, 'ERR_HELIOGRAM_SEND_QUEUE_FULL');
  const sent = t.until((done) => send(Buffer.alloc(40), done));
  answer();
  assert.deepStrictEqual(await sent, [null, 40]);
});

extra('more than maxSendQueueCount before the bind', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = t.socket('socket', { type: 'udp4', maxSendQueueCount: 3 });
  const results = [];
  for (let n = 0; n < 5; n++) socket.send('x', peer.address().port, LO, (error, bytes) => results.push(error?.code ?? bytes));
  await eventually(t, () => results.length === 5);
  assert.deepStrictEqual(results, ['ERR_HELIOGRAM_SEND_QUEUE_FULL', 'ERR_HELIOGRAM_SEND_QUEUE_FULL', 1, 1, 1]);
});

extra('connected sends that the kernel takes at once are not limited', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket', { type: 'udp4', maxSendQueueCount: 1 }), peer);
  const results = [];
  for (let n = 0; n < 50; n++) socket.send('x', (error) => results.push(error));
  await eventually(t, () => results.length === 50);
  assert.deepStrictEqual(results.filter(Boolean), []);
});

extra('no drain from a closed socket', async (t) => {
  const { socket, send, answer } = await waitingSocket(t, { writableHighWaterMark: 1 });
  const drained = drains(socket);
  send('x');
  socket.close();
  answer();
  await t.turns();
  assert.strictEqual(drained.count, 0);
});

extra('invalid values of the options', async (t) => {
  for (const option of ['writableHighWaterMark', 'maxSendQueueSize', 'maxSendQueueCount']) {
    for (const [value, code] of [[-1, 'ERR_OUT_OF_RANGE'], [0.5, 'ERR_OUT_OF_RANGE'], [NaN, 'ERR_OUT_OF_RANGE'], ['1', 'ERR_INVALID_ARG_TYPE'], [null, 'ERR_INVALID_ARG_TYPE']]) {
      const error = await failure(() => t.dgram.createSocket({ type: 'udp4', [option]: value }));
      assert.deepStrictEqual([error.code, error.message.includes(`"options.${option}"`)], [code, true]);
    }
    t.socket('unlimited', { type: 'udp4', [option]: Infinity });
  }
});
