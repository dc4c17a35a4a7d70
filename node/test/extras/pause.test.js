'use strict';
// pause(), resume() and isPaused(): nothing that was read from the kernel is lost or reordered.

const { AsyncLocalStorage } = require('node:async_hooks');
const assert = require('node:assert');
const { on } = require('node:events');
const path = require('node:path');
const { eventually, extra, numbers, pair, sendNumbers } = require('../support/extras.js');
const { CLOSED_PORT } = require('../support/network/namespaces.js');
const { ends } = require('../support/process/lifetime.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'pause.js');

/** The texts that the socket has received. */
function listen(socket) {
  const heard = [];
  socket.on('message', (message) => heard.push(String(message)));
  return heard;
}

extra('a paused socket emits nothing, and after resume() everything in order', async (t) => {
  const { socket, sender } = await pair(t);
  const heard = listen(socket);
  assert.strictEqual(socket.pause(), socket);
  sendNumbers(sender, 1, 40);
  await t.turns(5);
  assert.deepStrictEqual(heard, []);
  assert.strictEqual(socket.resume(), socket);
  await eventually(t, () => heard.length === 40);
  assert.deepStrictEqual(heard, numbers(40));
});

extra('paused within a batch, the socket holds the rest', async (t) => {
  const { socket, sender } = await pair(t);
  const heard = listen(socket);
  socket.on('message', (message) => {
    if (['3', '7', '8', '30'].includes(String(message))) socket.pause();
  });
  sendNumbers(sender, 1, 40);
  for (const until of [3, 7, 8, 30]) {
    await eventually(t, () => heard.length === until);
    await t.turns(5);
    assert.deepStrictEqual(heard, numbers(until));
    if (until === 8) sendNumbers(sender, 41, 50);
    socket.resume();
  }
  await eventually(t, () => heard.length === 50);
  assert.deepStrictEqual(heard, numbers(50));
});

extra('paused before the bind, a socket is bound and receives nothing', async (t) => {
  const socket = t.socket('socket').pause();
  const heard = listen(socket);
  socket.bind(0, '127.0.0.1');
  await t.once(socket, 'listening');
  const sender = await t.connected(await t.boundPeer('sender'), socket);
  sendNumbers(sender, 1, 5);
  await t.turns(5);
  assert.deepStrictEqual(heard, []);
  socket.resume();
  await eventually(t, () => heard.length === 5);
});

extra('pause() and resume() may be called at any time and twice', async (t) => {
  const { socket, sender } = await pair(t);
  const heard = listen(socket);
  assert.strictEqual(socket.isPaused(), false);
  assert.strictEqual(socket.resume().isPaused(), false);
  assert.strictEqual(socket.pause().pause().isPaused(), true);
  assert.strictEqual(socket.resume().isPaused(), false);
  socket.pause().resume().pause().resume();
  sendNumbers(sender, 1, 3);
  await eventually(t, () => heard.length === 3);
  socket.close();
  assert.strictEqual(socket.pause().resume().isPaused(), false);
  assert.strictEqual(t.socket('unbound').pause().isPaused(), true);
});

extra('resume() and pause() while held messages are emitted', async (t) => {
  const { socket, sender } = await pair(t);
  const heard = listen(socket);
  socket.on('message', () => socket.pause());
  sendNumbers(sender, 1, 20);
  for (let n = 1; n <= 20; n++) {
    await eventually(t, () => heard.length === n);
    socket.resume().pause().resume();
  }
  assert.deepStrictEqual(heard, numbers(20));
});

extra('ticks and microtasks run between two held messages', async (t) => {
  const { socket, sender } = await pair(t);
  const steps = [];
  socket.once('message', () => socket.pause());
  sendNumbers(sender, 0, 3);
  await eventually(t, () => socket.isPaused());
  await t.turns(3);
  socket.on('message', (message) => {
    steps.push(`message ${message}`);
    process.nextTick(() => steps.push(`tick ${message}`));
    Promise.resolve().then(() => steps.push(`microtask ${message}`));
  });
  socket.resume();
  await eventually(t, () => steps.length === 9);
  assert.deepStrictEqual(steps, [1, 2, 3].flatMap((n) => [`message ${n}`, `tick ${n}`, `microtask ${n}`]));
});

extra('held messages run in the async scope of the socket', async (t) => {
  const storage = new AsyncLocalStorage();
  const socket = storage.run('made', () => t.socket('socket'));
  socket.bind(0, '127.0.0.1');
  await t.once(socket, 'listening');
  const sender = await t.connected(await t.boundPeer('sender'), socket);
  const stores = [];
  socket.on('message', () => {
    stores.push(storage.getStore());
    if (stores.length === 1) socket.pause();
  });
  sendNumbers(sender, 1, 3);
  await eventually(t, () => stores.length === 1);
  storage.run('resumed', () => socket.resume());
  await eventually(t, () => stores.length === 3);
  assert.deepStrictEqual(stores, ['made', 'made', 'made']);
});

extra('a receive error is held too', async (t) => {
  const socket = await t.bound('socket');
  const errors = [];
  socket.on('error', (error) => errors.push(error.message));
  socket.connect(CLOSED_PORT, '127.0.0.1');
  await t.once(socket, 'connect');
  socket.pause();
  socket.send('to nobody');
  await t.turns(5);
  assert.deepStrictEqual(errors, []);
  socket.resume();
  await eventually(t, () => errors.length > 0);
  assert.deepStrictEqual(errors, ['recvmsg ECONNREFUSED']);
});

extra('a closed socket does not emit held messages', async (t) => {
  const { socket, sender } = await pair(t);
  const heard = listen(socket);
  socket.once('message', () => socket.pause());
  sendNumbers(sender, 1, 5);
  await eventually(t, () => heard.length === 1);
  socket.resume();
  socket.close();
  await t.turns(5);
  assert.deepStrictEqual(heard, ['1']);
});

extra('the kernel drops what exceeds the receive buffer of a paused socket', async (t) => {
  const { socket, sender } = await pair(t);
  const heard = listen(socket);
  socket.setRecvBufferSize(4_096);
  socket.pause();
  sendNumbers(sender, 1, 500);
  await t.turns(5);
  socket.resume();
  await eventually(t, () => heard.length > 0);
  await t.until((done) => setTimeout(done, 50)); // the datagram of a barrier would be dropped while the buffer is full
  await t.barrier(socket);
  const kept = heard.length - 1;
  assert.ok(kept > 0 && kept < 500, `${kept} of 500`);
  assert.deepStrictEqual(heard.slice(0, kept), numbers(kept));
});

extra('events.on with a high-water mark pauses the socket', async (t) => {
  const { socket, sender } = await pair(t);
  const heard = listen(socket);
  const events = on(socket, 'message', { highWaterMark: 4, close: ['close'] });
  sendNumbers(sender, 1, 30);
  await eventually(t, () => socket.isPaused());
  await t.turns(5);
  assert.strictEqual(heard.length, 5); // it pauses above the mark
  const read = [];
  for await (const [message] of events) if (read.push(String(message)) === 30) break;
  assert.deepStrictEqual(read, numbers(30));
});

ends('a paused socket keeps the process running', FIXTURE, 'keepsRunning', { records: [['resumed'], ['message', 'late']] });
ends('a paused and unref’d socket does not', FIXTURE, 'unreferenced', { records: [['paused'], ['exit']] });
ends('a paused socket that is not bound does not', FIXTURE, 'unbound', { records: [['exit']] });
ends('a listener that throws for one held message loses no other', FIXTURE, 'throwing', {
  records: [['message', '1'], ['message', '2'], ['uncaught', '2'], ['message', '3'], ['message', '4']],
});
