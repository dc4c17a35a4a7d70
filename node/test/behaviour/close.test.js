'use strict';
// B61-B64: closed sockets, and what close, ref and unref do. When processes end is tested in ../lifetime.

const { differential } = require('../support/differential.js');
const { reservedPort } = require('../support/network/ports.js');

const CALLS = {
  bind: [0, '127.0.0.1'], connect: [9, '127.0.0.1'], send: ['x', 9, '127.0.0.1'], sendto: ['x', 0, 1, 9, '127.0.0.1'], close: [], disconnect: [],
  address: [], remoteAddress: [], ref: [], unref: [],
  setBroadcast: [true], setTTL: [16], setMulticastTTL: [16], setMulticastLoopback: [true], setMulticastInterface: ['127.0.0.1'],
  addMembership: ['224.0.0.114'], dropMembership: ['224.0.0.114'],
  addSourceSpecificMembership: ['127.0.0.9', '232.0.0.1'], dropSourceSpecificMembership: ['127.0.0.9', '232.0.0.1'],
  getRecvBufferSize: [], getSendBufferSize: [], setRecvBufferSize: [10_000], setSendBufferSize: [10_000],
  getSendQueueSize: [], getSendQueueCount: [],
};

/** The states in which a socket can be closed. */
const STATES = {
  unbound: async (t) => t.socket('socket'),
  binding: async (t) => t.socket('socket').bind(0, '127.0.0.1'),
  bound: (t) => t.bound('socket'),
  connecting: async (t) => {
    const socket = await t.bound('socket');
    socket.connect(9, '127.0.0.1');
    return socket;
  },
  connected: async (t) => t.connected(await t.bound('socket'), await t.boundPeer('peer')),
};

for (const [state, make] of Object.entries(STATES)) {
  differential(`B61 every method on a socket closed while ${state}`, async (t) => {
    const socket = t.watch(await make(t), 'close', 'listening', 'connect', 'error', 'message');
    socket.close();
    for (const [name, values] of Object.entries(CALLS)) t.call(name, () => socket[name](...values));
    await t.turns(4);
    for (const [name, values] of Object.entries(CALLS)) t.call(`${name} after the event`, () => socket[name](...values));
    await t.turns(4);
  }, { least: 51 });

  differential(`B61 every method without arguments on a socket closed while ${state}`, async (t) => {
    const socket = await make(t);
    socket.close();
    for (const name of Object.keys(CALLS)) t.call(name, () => socket[name]());
  }, { least: 25 });
}

differential('B62 close twice', async (t) => {
  const socket = t.watch(await t.bound('socket'), 'close');
  t.call('close', () => socket.close(t.callback('first')));
  t.call('again', () => socket.close(t.callback('second')));
  await t.turns();
  t.call('after the event', () => socket.close(t.callback('third')));
  await t.turns();
}, { least: 6 });

differential('B62 when close is emitted, and to which listeners', async (t) => {
  const socket = t.watch(await t.bound('socket'), 'close');
  process.nextTick(t.callback('tick before'));
  socket.close(function closed(...values) { t.note('callback', this, ...values); });
  process.nextTick(t.callback('tick after'));
  Promise.resolve().then(t.callback('microtask'));
  setImmediate(t.callback('immediate'));
  t.note('the turn ends', socket.listenerCount('close'));
  await t.turns();
  t.note('still listening', socket.listenerCount('close'));
}, { least: 8 });

differential('B62 a callback that is not a function', async (t) => {
  for (const callback of [null, 4, 'text', {}, Symbol('callback')]) {
    const socket = t.watch(await t.bound('socket'), 'close');
    t.call('close', () => socket.close(callback));
    t.note('listeners', socket.listenerCount('close'));
    await t.turns();
  }
}, { least: 15 });

differential('B62 close frees the port at once', async (t) => {
  const port = await reservedPort();
  const socket = t.socket('socket');
  socket.bind(port, '127.0.0.1');
  await t.once(socket, 'listening');
  socket.close();
  const next = t.watch(t.socket('next'), 'listening', 'error');
  next.bind(port, '127.0.0.1');
  await t.turns();
}, { least: 1 });

differential('B62 close inside every event', async (t) => {
  const peer = await t.boundPeer('peer');
  for (const event of ['listening', 'connect', 'message', 'close']) {
    const socket = t.watch(t.socket(`socket closed in ${event}`), 'listening', 'connect', 'message', 'close', 'error');
    socket.once(event, () => t.call(`close in ${event}`, () => socket.close()));
    t.call('connect', () => socket.connect(peer.address().port, '127.0.0.1'));
    await t.turns(4);
    t.call('send', () => socket.send('x'));
    t.call('address', () => peer.send('back', socket.address().port, '127.0.0.1'));
    await t.turns(4);
    if (event === 'close') t.call('close', () => socket.close());
    await t.turns(4);
  }
}, { least: 16 });

differential('B63 ref and unref chain, repeat, and do nothing when closed', async (t) => {
  const socket = t.socket('socket');
  for (const name of ['unref', 'unref', 'ref', 'ref', 'unref']) t.call(name, () => socket[name]());
  socket.bind(0, '127.0.0.1');
  t.call('ref while binding', () => socket.ref());
  await t.once(socket, 'listening');
  t.call('unref', () => socket.unref().ref().unref());
  socket.close();
  for (const name of ['unref', 'ref']) t.call(`${name} when closed`, () => socket[name]());
  await t.once(socket, 'close');
  for (const name of ['unref', 'ref']) t.call(`${name} after close`, () => socket[name]());
}, { least: 11 });

differential('B63 an unref’d socket still receives', async (t) => {
  const socket = await t.bound('socket');
  const peer = await t.boundPeer('peer');
  const heard = t.once(socket.unref(), 'message');
  peer.send('hello', socket.address().port, '127.0.0.1');
  t.note('heard', (await heard)[0]);
}, { least: 1 });

differential('B64 asyncDispose closes and resolves, also when closed', async (t) => {
  const socket = t.watch(await t.bound('socket'), 'close');
  const disposed = socket[Symbol.asyncDispose]();
  t.note('a promise', disposed instanceof Promise);
  t.note('closed', await disposed);
  t.note('closed again', await socket[Symbol.asyncDispose]());
  const closing = t.watch(await t.bound('closing'), 'close');
  closing.close();
  t.note('while closing', await closing[Symbol.asyncDispose]());
  const unbound = t.watch(t.socket('unbound'), 'close');
  t.note('unbound', await unbound[Symbol.asyncDispose]());
}, { least: 8 });

differential('B64 asyncDispose waits for a queued send', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = t.watch(t.socket('socket'), 'listening', 'close');
  socket.send('x', peer.address().port, '127.0.0.1', t.callback('sent'));
  await socket[Symbol.asyncDispose]();
  t.note('disposed');
  await t.turns();
}, { least: 3 });
