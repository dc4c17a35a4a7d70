'use strict';
// B37-B42, B71: a program cannot distinguish datagrams received as one GRO packet (UDP_GRO) from others. The sender is the
// module under test even where the host receives, since node:dgram never sends GSO batches.

const assert = require('node:assert');
const path = require('node:path');
const { AsyncLocalStorage, executionAsyncId } = require('node:async_hooks');
const { fork } = require('node:child_process');
const { differential, direct } = require('../../support/differential.js');
const { subject, selfTest } = require('../../support/module.js');

const TAKER = path.join(__dirname, '..', 'fixtures', 'socket-taker.js');

/** Datagrams in one GSO batch: the most that the kernel takes in one send. */
const BATCH = 64;

/** Why the direct tests of GRO are skipped, or false. */
const noGro = process.platform !== 'linux' ? 'only Linux has UDP_GRO' : selfTest && 'node:dgram does not use UDP_GRO';

/** A receiver that has room for a few hundred datagrams. */
const ROOMY = { type: 'udp4', recvBufferSize: 212_992 };

const numberOf = (message) => message.readUInt32LE();
const turn = () => new Promise((resolve) => { setImmediate(resolve); });

/** Sends numbered datagrams of one size, which leave together at the end of the turn. */
function burst(sender, to, { count = BATCH, size = 100, first = 0 } = {}) {
  for (let number = first; number < first + count; number++) {
    const bytes = Buffer.alloc(size, number);
    bytes.writeUInt32LE(number);
    sender.send(bytes, to.address().port, '127.0.0.1');
  }
}

/** A sender of GSO batches, and a receiver that has already received enough at once to turn GRO on. */
async function pair(t, options = 'udp4') {
  const socket = await t.bound('socket', options);
  const sender = subject.createSocket('udp4');
  t.after(() => sender.close());
  const first = t.times(socket, 'message', BATCH);
  burst(sender, socket);
  await first;
  socket.removeAllListeners('message');
  return { socket, sender };
}

/** Datagrams received of one GSO batch when the kernel's receive buffer has room for a few datagrams or one GRO packet. */
async function countReceived(socket, sender) {
  socket.setRecvBufferSize(1);
  let count = 0;
  socket.on('message', () => { count += 1; });
  burst(sender, socket);
  for (let n = 0; n < 8; n++) await turn();
  return count;
}

/** The same for a socket with these options that has already received a whole batch. */
async function countReceivedWith(t, options, before = () => {}) {
  const socket = subject.createSocket({ type: 'udp4', ...options });
  const sender = subject.createSocket('udp4');
  t.after(() => [socket, sender].forEach((each) => each.close()));
  await new Promise((resolve) => { socket.bind(0, '127.0.0.1', resolve); });
  burst(sender, socket);
  let count = 0;
  await new Promise((resolve) => {
    socket.on('message', () => { if (++count === BATCH) resolve(); });
  });
  socket.removeAllListeners('message');
  before(socket);
  return countReceived(socket, sender);
}

const handleOf = (socket) => socket[Object.getOwnPropertySymbols(socket).find(({ description }) => /^(state symbol|kStateSymbol)$/.test(description))].handle;

direct('a socket that receives many datagrams at once turns GRO on', { skip: noGro }, async (t) => {
  assert.strictEqual(await countReceivedWith(t, {}), BATCH);
});

direct('offload: false keeps GRO off', { skip: noGro }, async (t) => {
  const count = await countReceivedWith(t, { offload: false });
  assert.ok(count > 0 && count < BATCH, `${count} arrived`);
});

direct('a socket whose native handle is exposed turns GRO off', { skip: noGro }, async (t) => {
  const count = await countReceivedWith(t, {}, handleOf);
  assert.ok(count > 0 && count < BATCH, `${count} arrived`);
});

differential('B41 B42 a GRO packet is split into its exact datagrams, in order', async (t) => {
  const { socket, sender } = await pair(t);
  let first = 0;
  for (const [size, count] of [[100, BATCH], [1_400, 40], [4, 1], [700, 63], [5, BATCH], [1, 1]]) {
    const heard = t.times(socket, 'message', count + 1);
    burst(sender, socket, { size: Math.max(size, 4), count, first });
    sender.send(Buffer.alloc(size > 4 ? 1 : 0), socket.address().port, '127.0.0.1');
    first += count;
    for (const [message, rinfo] of await heard) {
      const number = message.length < 4 ? -1 : numberOf(message);
      t.note('message', number, message.length, message.subarray(4).every((byte) => byte === (number & 255)));
      t.note('own', message.byteOffset, message.buffer.byteLength, Buffer.isBuffer(message));
      t.note('rinfo', Object.keys(rinfo), rinfo.address, rinfo.family, rinfo.size);
    }
  }
}, { least: 500 });

differential('B40 at most 32 datagrams of GRO packets are emitted in one turn of the loop', async (t) => {
  const { socket, sender } = await pair(t, ROOMY);
  const turns = [0];
  socket.on('message', () => { turns[turns.length - 1] += 1; });
  const all = t.times(socket, 'message', 4 * BATCH);
  for (let n = 0; n < 4; n++) burst(sender, socket);
  let counting = true;
  setImmediate(function next() {
    turns.push(0);
    if (counting) setImmediate(next);
  });
  await all.finally(() => { counting = false; });
  t.note('at most 32', Math.max(...turns) <= 32);
  t.note('all', turns.reduce((sum, count) => sum + count));
}, { least: 2 });

differential('B40 a GRO packet delays another socket by at most two turns', async (t) => {
  const { socket, sender } = await pair(t, ROOMY);
  const quiet = await t.bound('quiet');
  let [count, before] = [0, undefined];
  socket.on('message', () => { count += 1; });
  const heard = t.once(quiet, 'message').then(() => { before = count; });
  for (let n = 0; n < 5; n++) burst(sender, socket);
  sender.send('quiet', quiet.address().port, '127.0.0.1');
  const all = t.times(socket, 'message', 5 * BATCH);
  await heard;
  t.note('within two turns', before <= 2 * 32, before < 5 * BATCH);
  await all;
  t.note('all', count);
}, { least: 2 });

differential('B37 ticks and microtasks run between the messages of a GRO packet, also when it takes two turns', async (t) => {
  const { socket, sender } = await pair(t);
  socket.on('message', (message) => {
    const number = numberOf(message);
    t.note('message', number);
    process.nextTick(t.callback(`tick ${number}`));
    Promise.resolve().then(t.callback(`microtask ${number}`));
  });
  burst(sender, socket);
  await t.times(socket, 'message', BATCH);
  await t.turns(2);
}, { least: 3 * BATCH });

differential('B38 no message is lost when a listener throws in the middle of a GRO packet', async (t) => {
  const { socket, sender } = await pair(t);
  const thrown = [];
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error.message));
  t.after(() => {
    process.removeAllListeners('uncaughtException');
    before.forEach((listener) => process.on('uncaughtException', listener));
  });
  const numbers = [];
  socket.on('message', (message) => {
    numbers.push(numberOf(message));
    if (numberOf(message) % 20 === 11) throw new Error(`at ${numberOf(message)}`);
  });
  burst(sender, socket);
  await t.until((done) => { socket.prependListener('message', (message) => { if (numberOf(message) === BATCH - 1) setImmediate(done); }); });
  t.note('numbers', numbers);
  t.note('thrown', thrown);
}, { least: 2 });

differential('B39 no message comes after a close in the middle of a GRO packet', async (t) => {
  for (const last of [5, 40]) {
    const { socket, sender } = await pair(t);
    t.watch(socket, 'close', 'error');
    const numbers = [];
    socket.on('message', (message) => {
      numbers.push(numberOf(message));
      if (numberOf(message) === last) socket.close();
    });
    burst(sender, socket, { count: BATCH });
    await t.once(socket, 'close');
    await t.turns(4);
    t.note('numbers', numbers);
  }
}, { least: 4 });

differential('B48 B49 every message of a GRO packet runs in the async scope of its socket', async (t) => {
  const storage = new AsyncLocalStorage();
  const { socket, sender } = await storage.run('creation', () => pair(t));
  const scopes = new Set();
  const ids = new Set();
  socket.on('message', () => {
    scopes.add(storage.getStore());
    ids.add(executionAsyncId());
  });
  storage.run('sender', () => burst(sender, socket));
  await t.times(socket, 'message', BATCH);
  t.note('scopes', [...scopes], ids.size, !ids.has(0));
}, { least: 1 });

differential('B48 enterWith() in a listener reaches its ticks and promises, and not the next message', async (t) => {
  const storage = new AsyncLocalStorage();
  const { socket, sender } = await storage.run('creation', () => pair(t));
  const [before, later] = [new Set(), []];
  socket.on('message', (message) => {
    before.add(storage.getStore());
    storage.enterWith(numberOf(message));
    process.nextTick(() => later.push(storage.getStore()));
    Promise.resolve().then(() => later.push(storage.getStore()));
  });
  burst(sender, socket, { count: 20 });
  await t.times(socket, 'message', 20);
  await t.turns(2);
  t.note('before', [...before], 'later', later);
}, { least: 1 });

differential('a socket that stops receiving and starts again loses and repeats nothing', async (t) => {
  const { socket, sender } = await pair(t);
  let handle;
  const numbers = [];
  socket.on('message', (message) => {
    numbers.push(numberOf(message));
    handle ??= handleOf(socket); // exposes the native handle, so that others may read from it
    if (numberOf(message) % 25 === 7) handle.recvStop();
  });
  burst(sender, socket, { count: 30 });
  burst(sender, socket, { count: 30, first: 30 });
  for (let n = 0; n < 4; n++) {
    await t.turns(8);
    t.note('so far', numbers.length);
    handle.recvStart();
  }
  await t.turns(8);
  t.note('numbers', numbers);
}, { least: 5 });

differential('B42 a sender first seen by a socket that was closing is reported rightly by the next socket', async (t) => {
  const [first, second] = [await t.bound('first'), await t.bound('second')];
  const senders = [];
  for (const address of ['127.0.0.1', '127.0.0.2']) {
    const sender = subject.createSocket('udp4');
    t.after(() => sender.close());
    senders.push(sender);
    await new Promise((resolve) => { sender.bind(0, address, resolve); });
  }
  first.once('message', () => first.close());
  senders.forEach((sender) => sender.send('x', first.address().port, '127.0.0.1'));
  await t.once(first, 'close');
  senders[1].send('x', second.address().port, '127.0.0.1');
  const [, { address }] = await t.once(second, 'message');
  t.note('address', address);
}, { least: 1 });

direct('B81 a child process that is sent a socket receives single datagrams', { skip: noGro }, async (t) => {
  const socket = subject.createSocket('udp4');
  const sender = subject.createSocket('udp4');
  const child = fork(TAKER);
  t.after(() => {
    sender.close();
    child.send('end');
  });
  await new Promise((resolve) => { socket.bind(0, '127.0.0.1', resolve); });
  let count = 0;
  burst(sender, socket);
  await new Promise((resolve) => { socket.on('message', () => { if (++count === BATCH) resolve(); }); });
  await new Promise((resolve) => { child.once('message', resolve); });
  const port = socket.address();
  const taken = new Promise((resolve) => { child.on('message', (message) => { if (message.type) resolve(); }); });
  child.send('socket', socket);
  await taken;
  socket.close();
  const lengths = [];
  const all = new Promise((resolve) => {
    child.on('message', (message) => {
      lengths.push(message.length);
      if (lengths.length === 20) resolve();
    });
  });
  burst(sender, { address: () => port }, { count: 20 });
  await all;
  assert.deepStrictEqual(lengths, new Array(20).fill(100));
});
