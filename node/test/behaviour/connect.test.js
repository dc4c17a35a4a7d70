'use strict';
// B50, B52-B54, B65: sockets with a peer. B51 is in receive.test.js, connectSync (B19) in bind.test.js.

const { errorMonitor } = require('node:events');
const util = require('node:util');
const { differential } = require('../support/differential.js');
const { CLOSED_PORT, noIPv6 } = require('../support/network/namespaces.js');
const { reservedPort } = require('../support/network/ports.js');

differential('B50 connect while connecting and when connected', async (t) => {
  const socket = t.watch(await t.bound('socket'), 'connect', 'error');
  t.call('connect', () => socket.connect(9, '127.0.0.1', t.callback('first')));
  t.call('while connecting', () => socket.connect(9, '127.0.0.1', t.callback('second')));
  await t.once(socket, 'connect');
  t.call('when connected', () => socket.connect(9, '127.0.0.1', t.callback('third')));
  await t.turns();
}, { least: 5 });

differential('B50 connect is emitted on a later tick', async (t) => {
  for (const bound of [true, false]) {
    const socket = bound ? await t.bound('bound') : t.socket('unbound');
    t.watch(socket, 'listening', 'connect');
    socket.connect(9, '127.0.0.1', t.callback('callback'));
    process.nextTick(t.callback('tick'));
    process.nextTick(() => process.nextTick(t.callback('tick in a tick')));
    Promise.resolve().then(t.callback('microtask'));
    setImmediate(t.callback('immediate'));
    t.note('the turn ends');
    await t.turns();
  }
}, { least: 15 });

differential('B50 the forms of connect', async (t) => {
  const peer = await t.boundPeer('peer');
  const { port } = peer.address();
  const forms = { port: [port], 'port, address': [port, '127.0.0.1'], 'port, callback': [port, t.callback('called back')], 'port, undefined': [port, undefined],
    'port, empty, callback': [port, '', t.callback('called back')], 'port in text': [String(port), '127.0.0.1'], 'port, undefined, callback': [port, undefined, t.callback('called back')] };
  for (const [label, values] of Object.entries(forms)) {
    const socket = await t.bound('socket');
    t.call(label, () => socket.connect(...values));
    await t.once(socket, 'connect');
    t.note('remote', socket.remoteAddress());
    await t.sent('sent', socket, 'x');
  }
}, { least: 24 });

differential('B50 the connect callback is a one-time listener', async (t) => {
  const socket = await t.bound('socket');
  const count = (when) => t.note(when, ...['connect', 'error', errorMonitor].map((event) => socket.listenerCount(event)));
  count('before');
  socket.connect(9, '127.0.0.1', function connected() { t.note('this', this); });
  count('connecting');
  await t.once(socket, 'connect');
  count('connected');
}, { least: 4 });

differential('B50 a failed connect goes to the callback, or else to the error event', async (t) => {
  const failure = t.name('the failure', new Error('no such name'));
  const lookup = (name, family, callback) => process.nextTick(callback, name === 'bad' ? failure : null, name, 4);
  const socket = t.watch(await t.bound('socket', { type: 'udp4', lookup }), 'error', 'connect');
  socket.connect(9, 'bad', t.callback('callback'));
  await t.turns();
  socket.connect(9, 'bad');
  await t.turns();
  t.call('remoteAddress', () => socket.remoteAddress());
  t.note('listeners', socket.listenerCount('connect'));
  socket.connect(9, '127.0.0.1', t.callback('callback'));
  await t.turns();
}, { least: 6 });

differential('B50 the kernel refuses to connect', async (t) => {
  const lookup = (name, family, callback) => process.nextTick(callback, null, name, net4or6(name));
  const socket = t.watch(await t.bound('socket', { type: 'udp4', lookup }), 'error', 'connect');
  for (const address of ['::1', '127.255.255.255', 'nonsense', '255.255.255.255']) {
    t.call(`connect ${address}`, () => socket.connect(9, address, t.callback('callback')));
    await t.turns();
  }
  t.call('connect without callback', () => socket.connect(9, '::1'));
  await t.turns();
}, { least: 10 });

const net4or6 = (name) => (name.includes(':') ? 6 : 4);

differential('B50 a udp6 socket connects to IPv6 and mapped peers', async (t) => {
  const lookup = (name, family, callback) => process.nextTick(callback, null, name, net4or6(name));
  for (const address of ['::1', '::ffff:127.0.0.1', '127.0.0.1']) {
    const socket = t.watch(t.socket('socket', { type: 'udp6', lookup }), 'error', 'connect');
    socket.bind(0, '::');
    await t.once(socket, 'listening');
    socket.connect(9, address, t.callback('callback'));
    await t.turns();
    t.call('remoteAddress', () => socket.remoteAddress());
    t.call('address', () => socket.address().address);
  }
}, { least: 10, needs: noIPv6 });

differential('B50 close while connecting', async (t) => {
  const socket = t.watch(await t.bound('socket'), 'connect', 'close', 'error');
  socket.connect(9, '127.0.0.1', t.callback('connected'));
  t.call('close', () => socket.close());
  await t.turns(5);
  const unbound = t.watch(t.socket('unbound'), 'listening', 'connect', 'close', 'error');
  unbound.connect(9, '127.0.0.1', t.callback('connected'));
  t.call('close', () => unbound.close());
  await t.turns(5);
}, { least: 4 });

differential('B50 a look-up that answers after close', async (t) => {
  let reply;
  const lookup = (name, family, callback) => (name === 'late' ? (reply = callback) : process.nextTick(callback, null, name, 4));
  const socket = t.watch(await t.bound('socket', { type: 'udp4', lookup }), 'connect', 'close', 'error');
  socket.connect(9, 'late', t.callback('connected'));
  socket.close();
  await t.once(socket, 'close');
  t.call('answer', () => reply(null, '127.0.0.1', 4));
  await t.turns();
}, { least: 2 });

differential('B52 disconnect releases a port that the kernel chose', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  t.call('disconnect', () => socket.disconnect());
  t.note('port', socket.address().port === 0);
  t.note('address', socket.address().address);
  await t.sent('sent', socket, 'x', peer.address().port, '127.0.0.1');
  t.note('port after a send', socket.address().port > 0);
  t.call('connect again', () => socket.connect(peer.address().port, '127.0.0.1'));
  await t.once(socket, 'connect');
  t.note('port when connected again', socket.address().port > 0);
}, { least: 7 });

differential('B52 disconnect of a socket that connect had bound', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(t.socket('socket'), peer);
  t.note('bound to', socket.address().address, socket.address().port > 0);
  socket.disconnect();
  t.note('after disconnect', socket.address().address, socket.address().port > 0);
}, { least: 2 });

differential('B52 disconnect keeps a port that the program chose', async (t) => {
  const port = await reservedPort();
  const socket = t.socket('socket');
  socket.bind(port, '127.0.0.1');
  await t.once(socket, 'listening');
  socket.connect(9, '127.0.0.1');
  await t.once(socket, 'connect');
  t.call('disconnect', () => socket.disconnect());
  t.note('port kept', socket.address().port === port, socket.address().address);
  await t.barrier(socket);
}, { least: 2 });

differential('B53 disconnect of a socket without a peer', async (t) => {
  const socket = t.socket('socket');
  t.call('unbound', () => socket.disconnect());
  socket.bind(0, '127.0.0.1');
  t.call('binding', () => socket.disconnect());
  await t.once(socket, 'listening');
  t.call('bound', () => socket.disconnect());
  socket.connect(9, '127.0.0.1');
  t.call('connecting', () => socket.disconnect());
  await t.once(socket, 'connect');
  t.call('connected', () => socket.disconnect());
  t.call('again', () => socket.disconnect());
}, { least: 6 });

differential('B53 disconnect does not stop earlier sends', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  const heard = t.times(peer, 'message', 5);
  for (let n = 0; n < 5; n++) socket.send(String(n), t.callback('sent'));
  t.call('disconnect', () => socket.disconnect());
  t.call('send without address', () => socket.send('x'));
  t.note('heard', ...(await heard).map(([message]) => message));
  await t.turns();
}, { least: 8 });

differential('B54 remoteAddress', async (t) => {
  const socket = t.socket('socket');
  t.call('unbound', () => socket.remoteAddress());
  await t.connected(socket, await t.boundPeer('peer'));
  t.call('connected', () => socket.remoteAddress());
  socket.disconnect();
  t.call('disconnected', () => socket.remoteAddress());
  socket.close();
  t.call('closed', () => socket.remoteAddress());
}, { least: 4 });

differential('B54 remoteAddress over IPv6', async (t) => {
  const socket = await t.connected(t.socket('socket', 'udp6'), await t.boundPeer('peer', 'udp6'));
  t.call('connected', () => socket.remoteAddress());
}, { least: 1, needs: noIPv6 });

differential('B65 connect checks port and address in every state', async (t) => {
  const closed = t.socket('closed');
  closed.close();
  const connected = await t.bound('connected');
  connected.connect(9, '127.0.0.1');
  await t.once(connected, 'connect');
  for (const socket of [t.socket('unbound'), connected, closed]) {
    for (const values of [[], [0], [-1, 4], [9, 4], [9, null], [9, {}, () => {}], [0, {}], ['x'], [9, '127.0.0.1']]) {
      t.call(`connect(${util.inspect(values)})`, () => socket.connect(...values));
    }
  }
}, { least: 27 });

differential('B65 a connect callback that is not a function', async (t) => {
  const socket = t.watch(await t.bound('socket'), 'connect', 'error');
  for (const callback of ['text', 4, {}, null, 0]) {
    t.call(util.inspect(callback), () => socket.connect(9, '127.0.0.1', callback));
    await t.turns();
  }
}, { least: 5 });

differential('B77 a connected socket goes on after a refusal', async (t) => {
  const socket = t.watch(await t.bound('socket'), 'error');
  socket.connect(CLOSED_PORT, '127.0.0.1');
  await t.once(socket, 'connect');
  for (let n = 0; n < 3; n++) {
    const refused = t.once(socket, 'error');
    await t.sent('sent', socket, 'x');
    await refused;
  }
  t.call('remoteAddress', () => socket.remoteAddress());
}, { least: 7 });
