'use strict';
// B37-B42, B71: datagrams that come as a train (UDP_GRO) are told from others by nothing. The sender is the module under
// test even where the host receives, since the host's own sends never make trains.

const assert = require('node:assert');
const path = require('node:path');
const { AsyncLocalStorage, executionAsyncId } = require('node:async_hooks');
const { fork } = require('node:child_process');
const { differential, direct } = require('../../support/differential.js');
const { subject, selfTest } = require('../../support/module.js');

const TAKER = path.join(__dirname, '..', 'fixtures', 'socket-taker.js');

/** What one send of a train may carry. */
const TRAIN = 64;

/** Why trains cannot be told from what they replace here. */
const noTrains = process.platform !== 'linux' ? 'only Linux has trains' : selfTest && 'node:dgram takes no trains';

/** A receiver that has room for a few hundred datagrams. */
const ROOMY = { type: 'udp4', recvBufferSize: 212_992 };

const numberOf = (message) => message.readUInt32LE();
const turn = () => new Promise((resolve) => { setImmediate(resolve); });

/** Sends numbered datagrams of one size, which leave together at the end of the turn. */
function burst(sender, to, { count = TRAIN, size = 100, first = 0 } = {}) {
  for (let number = first; number < first + count; number++) {
    const bytes = Buffer.alloc(size, number);
    bytes.writeUInt32LE(number);
    sender.send(bytes, to.address().port, '127.0.0.1');
  }
}

/** A receiver that has had so much at once that it takes trains by now, and a sender of trains. */
async function pair(t, options = 'udp4') {
  const socket = await t.bound('socket', options);
  const sender = subject.createSocket('udp4');
  t.after(() => sender.close());
  const first = t.times(socket, 'message', TRAIN);
  burst(sender, socket);
  await first;
  socket.removeAllListeners('message');
  return { socket, sender };
}

/** How many datagrams of a train arrive where the kernel's buffer has room for a few datagrams, or for one train. */
async function arrivals(socket, sender) {
  socket.setRecvBufferSize(1);
  let count = 0;
  socket.on('message', () => { count += 1; });
  burst(sender, socket);
  for (let n = 0; n < 8; n++) await turn();
  return count;
}

/** The same for a socket with these options, in which a train has already come. */
async function arrivalsAt(t, options, before = () => {}) {
  const socket = subject.createSocket({ type: 'udp4', ...options });
  const sender = subject.createSocket('udp4');
  t.after(() => [socket, sender].forEach((each) => each.close()));
  await new Promise((resolve) => { socket.bind(0, '127.0.0.1', resolve); });
  burst(sender, socket);
  let count = 0;
  await new Promise((resolve) => {
    socket.on('message', () => { if (++count === TRAIN) resolve(); });
  });
  socket.removeAllListeners('message');
  before(socket);
  return arrivals(socket, sender);
}

const handleOf = (socket) => socket[Object.getOwnPropertySymbols(socket).find(({ description }) => /^(state symbol|kStateSymbol)$/.test(description))].handle;

direct('a socket that finds much at once takes trains from then on', { skip: noTrains }, async (t) => {
  assert.strictEqual(await arrivalsAt(t, {}), TRAIN);
});

direct('offload: false takes none', { skip: noTrains }, async (t) => {
  const count = await arrivalsAt(t, { offload: false });
  assert.ok(count > 0 && count < TRAIN, `${count} arrived`);
});

direct('a socket that others may read takes none any more', { skip: noTrains }, async (t) => {
  const count = await arrivalsAt(t, {}, handleOf);
  assert.ok(count > 0 && count < TRAIN, `${count} arrived`);
});

differential('B41 B42 trains come apart to the byte, in their order', async (t) => {
  const { socket, sender } = await pair(t);
  let first = 0;
  for (const [size, count] of [[100, TRAIN], [1_400, 40], [4, 1], [700, 63], [5, TRAIN], [1, 1]]) {
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

differential('B40 at most 32 datagrams of a train before the loop turns', async (t) => {
  const { socket, sender } = await pair(t, ROOMY);
  const turns = [0];
  socket.on('message', () => { turns[turns.length - 1] += 1; });
  const all = t.times(socket, 'message', 4 * TRAIN);
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

differential('B40 a quiet socket is heard within two turns of a train', async (t) => {
  const { socket, sender } = await pair(t, ROOMY);
  const quiet = await t.bound('quiet');
  let [count, before] = [0, undefined];
  socket.on('message', () => { count += 1; });
  const heard = t.once(quiet, 'message').then(() => { before = count; });
  for (let n = 0; n < 5; n++) burst(sender, socket);
  sender.send('quiet', quiet.address().port, '127.0.0.1');
  const all = t.times(socket, 'message', 5 * TRAIN);
  await heard;
  t.note('within two turns', before <= 2 * 32, before < 5 * TRAIN);
  await all;
  t.note('all', count);
}, { least: 2 });

differential('B37 ticks and microtasks run between the messages of a train, also where it goes on in another turn', async (t) => {
  const { socket, sender } = await pair(t);
  socket.on('message', (message) => {
    const number = numberOf(message);
    t.note('message', number);
    process.nextTick(t.callback(`tick ${number}`));
    Promise.resolve().then(t.callback(`microtask ${number}`));
  });
  burst(sender, socket);
  await t.times(socket, 'message', TRAIN);
  await t.turns(2);
}, { least: 3 * TRAIN });

differential('B38 a listener that throws in a train loses nothing', async (t) => {
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
  await t.until((done) => { socket.prependListener('message', (message) => { if (numberOf(message) === TRAIN - 1) setImmediate(done); }); });
  t.note('numbers', numbers);
  t.note('thrown', thrown);
}, { least: 2 });

differential('B39 close in the middle of a train: no further message', async (t) => {
  for (const last of [5, 40]) {
    const { socket, sender } = await pair(t);
    t.watch(socket, 'close', 'error');
    const numbers = [];
    socket.on('message', (message) => {
      numbers.push(numberOf(message));
      if (numberOf(message) === last) socket.close();
    });
    burst(sender, socket, { count: TRAIN });
    await t.once(socket, 'close');
    await t.turns(4);
    t.note('numbers', numbers);
  }
}, { least: 4 });

differential('B48 B49 every message of a train is in the scope of its socket', async (t) => {
  const storage = new AsyncLocalStorage();
  const { socket, sender } = await storage.run('creation', () => pair(t));
  const scopes = new Set();
  const ids = new Set();
  socket.on('message', () => {
    scopes.add(storage.getStore());
    ids.add(executionAsyncId());
  });
  storage.run('sender', () => burst(sender, socket));
  await t.times(socket, 'message', TRAIN);
  t.note('scopes', [...scopes], ids.size, !ids.has(0));
}, { least: 1 });

differential('B48 what a listener enters ends with its message, and its ticks and promises have it', async (t) => {
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

differential('a socket that stops receiving and starts again goes on where it was', async (t) => {
  const { socket, sender } = await pair(t);
  let handle;
  const numbers = [];
  socket.on('message', (message) => {
    numbers.push(numberOf(message));
    handle ??= handleOf(socket); // from here on others may read
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

differential('B42 a sender that a closed socket was not told of is known to the next', async (t) => {
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

direct('B81 a child that is sent a socket sees no train', { skip: noTrains }, async (t) => {
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
  await new Promise((resolve) => { socket.on('message', () => { if (++count === TRAIN) resolve(); }); });
  await new Promise((resolve) => { child.once('message', resolve); });
  const port = socket.address();
  const told = new Promise((resolve) => { child.on('message', (message) => { if (message.type) resolve(); }); });
  child.send('socket', socket);
  await told;
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
