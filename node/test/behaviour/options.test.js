'use strict';
// B55-B60, B66, B79: the options of a socket. B66 on BSD and macOS (reuseAddr is SO_REUSEPORT there) and B68
// (Windows: SIO_UDP_CONNRESET) can't be seen on Linux.

const path = require('node:path');
const util = require('node:util');
const { inChild } = require('../support/process/child.js');
const { differential } = require('../support/differential.js');
const { namespace, noIPv6, noNamespace } = require('../support/network/namespaces.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'multicast.js');
const GROUP = '224.0.0.114';
const LO = '127.0.0.1';

/** A valid call of each method. */
const METHODS = {
  address: [], remoteAddress: [], disconnect: [],
  setBroadcast: [true], setTTL: [16], setMulticastTTL: [16], setMulticastLoopback: [true], setMulticastInterface: [LO],
  addMembership: [GROUP, LO], dropMembership: [GROUP, LO],
  addSourceSpecificMembership: ['127.0.0.9', '232.0.0.1', LO], dropSourceSpecificMembership: ['127.0.0.9', '232.0.0.1', LO],
  getRecvBufferSize: [], getSendBufferSize: [], setRecvBufferSize: [10_000], setSendBufferSize: [10_000],
  getSendQueueSize: [], getSendQueueCount: [], ref: [], unref: [],
};

differential('B55 every method on an unbound socket', async (t) => {
  for (const [name, values] of Object.entries(METHODS)) t.call(name, () => t.socket('socket')[name](...values));
}, { least: 20 });

differential('B55 every method on a socket that is binding', async (t) => {
  for (const [name, values] of Object.entries(METHODS)) {
    const socket = t.watch(t.socket('socket'), 'listening', 'error');
    socket.bind(0);
    t.call(name, () => socket[name](...values));
    await t.turns(2);
  }
}, { least: 40 });

differential('B57 every method on a bound socket', async (t) => {
  const socket = await t.bound('socket');
  for (const [name, values] of Object.entries(METHODS)) t.call(name, () => socket[name](...values));
}, { least: 20 });

differential('B57 every method on a bound udp6 socket', async (t) => {
  const six = { setMulticastInterface: ['::%lo'], addMembership: ['ff02::114', '::%lo'], dropMembership: ['ff02::114', '::%lo'],
    addSourceSpecificMembership: ['::1', 'ff32::1', '::%lo'], dropSourceSpecificMembership: ['::1', 'ff32::1', '::%lo'] };
  const socket = await t.bound('socket', 'udp6');
  for (const [name, values] of Object.entries({ ...METHODS, ...six })) t.call(name, () => socket[name](...values));
}, { least: 20, needs: noIPv6 });

const symbolOf = (socket) => Object.getOwnPropertySymbols(socket).find(({ description }) => /^(state symbol|kStateSymbol)$/.test(description));

const JOINS = {
  addMembership: [GROUP, LO], dropMembership: [GROUP, LO],
  addSourceSpecificMembership: ['127.0.0.9', '232.0.0.1', LO], dropSourceSpecificMembership: ['127.0.0.9', '232.0.0.1', LO],
};

for (const [name, values] of Object.entries(JOINS)) {
  differential(`B56 ${name} on an unbound socket binds it silently`, async (t) => {
    const socket = t.watch(t.socket('socket'), 'listening', 'error');
    t.call(name, () => socket[name](...values));
    const { bindState, receiving } = socket[symbolOf(socket)];
    t.note('state', bindState, receiving);
    t.call('address', () => socket.address());
    const { port } = socket.address();
    await t.turns();
    t.call('bind', () => socket.bind(0, t.callback('bound')));
    await t.turns();
    t.note('the port stays', socket.address().port === port);
    t.call('setTTL', () => socket.setTTL(3));
  }, { least: 7 });
}

differential('B56 send, connect and close after a silent bind', async (t) => {
  const joined = (label) => {
    const socket = t.watch(t.socket(label), 'listening', 'error', 'connect');
    socket.addMembership(GROUP, LO);
    return socket;
  };
  const sender = joined('sender');
  t.call('send', () => sender.send('x', 9, LO, t.callback('sent')));
  await t.turns();
  const connecting = joined('connecting');
  t.call('connect', () => connecting.connect(9, LO));
  await t.turns();
  const closing = t.watch(joined('closing'), 'close');
  t.call('close', () => closing.close());
  await t.turns();
}, { least: 5 });

differential('B56 a silent bind has SO_REUSEADDR', async (t) => {
  const socket = t.socket('socket');
  socket.addMembership(GROUP, LO);
  for (const options of [{ type: 'udp4', reuseAddr: true }, 'udp4']) {
    const other = t.watch(t.socket('other', options), 'listening', 'error');
    other.bind(socket.address().port);
    await t.turns();
  }
}, { least: 2 });

differential('B56 a silent bind over IPv6', async (t) => {
  const socket = t.watch(t.socket('socket', 'udp6'), 'listening', 'error');
  t.call('addMembership', () => socket.addMembership('ff02::114', '::%lo'));
  t.call('address', () => socket.address());
  socket.bind();
  await t.turns();
}, { least: 3, needs: noIPv6 });

const NUMBERS = [-1, 0, 1, 1.5, 255, 255.9, 256, 1_000, 2 ** 31, 2 ** 32, 2 ** 32 + 4, 2 ** 53, NaN, Infinity, -Infinity, '16', null, undefined, true, {}, [16], 16n, Symbol('n'), () => 16];

for (const name of ['setTTL', 'setMulticastTTL', 'setMulticastLoopback', 'setBroadcast']) {
  differential(`B57 ${name} with any argument`, async (t) => {
    const socket = await t.bound('socket');
    for (const value of NUMBERS) t.call(util.inspect(value), () => socket[name](value));
    t.call('no argument', () => socket[name]());
  }, { least: 25 });
}

for (const name of ['setRecvBufferSize', 'setSendBufferSize']) {
  differential(`B58 ${name} with any argument`, async (t) => {
    const socket = await t.bound('socket');
    const getter = name.replace('set', 'get');
    for (const value of [...NUMBERS, 2 ** 31 - 1, 2 ** 32 - 1, 1_200, 10_000, 4_097]) {
      t.call(util.inspect(value), () => socket[name](value));
      t.note('now', socket[getter]());
    }
  }, { least: 50 });
}

differential('B58 buffer sizes given to createSocket', async (t) => {
  const socket = await t.bound('socket', { type: 'udp4', recvBufferSize: 10_000, sendBufferSize: 20_000 });
  t.note('sizes', socket.getRecvBufferSize(), socket.getSendBufferSize());
  const plain = await t.bound('plain', { type: 'udp4', recvBufferSize: 0 });
  t.note('defaults', plain.getRecvBufferSize(), plain.getSendBufferSize());
}, { least: 2 });

differential('B59 joining twice, leaving twice, and invalid groups', async (t) => {
  const socket = await t.bound('socket', { type: 'udp4', reuseAddr: true });
  t.call('join', () => socket.addMembership(GROUP, LO));
  t.call('join again', () => socket.addMembership(GROUP, LO));
  t.call('leave', () => socket.dropMembership(GROUP, LO));
  t.call('leave again', () => socket.dropMembership(GROUP, LO));
  for (const name of ['addMembership', 'dropMembership']) {
    for (const group of ['127.0.0.1', '256.0.0.1', 'text', '', 'ff02::1', ' 224.0.0.1', '224.0.0.1 ', '224.0.0', '0']) t.call(`${name} ${group}`, () => socket[name](group, LO));
    for (const near of ['no address', '::1', '256.1.1.1', '192.0.2.77', 'lo']) t.call(`${name} on ${near}`, () => socket[name](GROUP, near));
    for (const group of [undefined, null, 0, false, NaN]) t.call(`${name} ${group}`, () => socket[name](group));
  }
}, { least: 42 });

differential('B59 source-specific groups: joining and leaving twice, and invalid ones', async (t) => {
  const socket = await t.bound('socket', { type: 'udp4', reuseAddr: true });
  for (const name of ['addSourceSpecificMembership', 'dropSourceSpecificMembership']) {
    t.call(name, () => socket[name]('127.0.0.9', '232.0.0.1', LO));
    t.call(`${name} again`, () => socket[name]('127.0.0.9', '232.0.0.1', LO));
    for (const values of [[], ['127.0.0.9'], ['127.0.0.9', 4], [4, '232.0.0.1'], [null, null], ['text', '232.0.0.1'], ['127.0.0.9', 'text'], ['::1', '232.0.0.1'], ['', ''],
      ['127.0.0.9', '127.0.0.1', LO], ['127.0.0.9', '232.0.0.1', 'nowhere'], ['127.0.0.9', '224.0.0.1', LO]]) {
      t.call(`${name} ${util.inspect(values)}`, () => socket[name](...values));
    }
  }
}, { least: 28 });

differential('B60 the interface of an IPv6 group is named after a percent sign', async (t) => {
  const socket = t.socket('socket', { type: 'udp6', reuseAddr: true });
  socket.bind(0);
  await t.once(socket, 'listening');
  for (const near of ['::%lo', '::%nope', '::%12', '::%1', '::%', '::', '::1', '::1%lo', 'lo', '', '%lo', '127.0.0.1', '::%' + 'x'.repeat(40)]) {
    t.call(`setMulticastInterface ${near}`, () => socket.setMulticastInterface(near));
    t.call(`addMembership ${near}`, () => socket.addMembership('ff01::114', near));
    t.call(`dropMembership ${near}`, () => socket.dropMembership('ff01::114', near));
    t.call(`addSourceSpecificMembership ${near}`, () => socket.addSourceSpecificMembership('::1', 'ff31::114', near));
    t.call(`dropSourceSpecificMembership ${near}`, () => socket.dropSourceSpecificMembership('::1', 'ff31::114', near));
  }
}, { least: 65, needs: noIPv6 });

differential('B60 setMulticastInterface', async (t) => {
  for (const type of noIPv6 ? ['udp4'] : ['udp4', 'udp6']) {
    const socket = await t.bound('socket', type);
    for (const near of ['', LO, '0.0.0.0', '127.0.0.0.1', 'text', '::', '::1', '::%lo', '224.0.0.1', undefined, null, 4, {}, [], true, Symbol('near')]) {
      t.call(`${type} ${util.inspect(near)}`, () => socket.setMulticastInterface(near));
    }
  }
}, { least: 16 });

differential('B66 reuseAddr lets two sockets have one address', async (t) => {
  const first = await t.bound('first', { type: 'udp4', reuseAddr: true });
  for (const [label, options] of Object.entries({ second: { type: 'udp4', reuseAddr: true }, third: 'udp4' })) {
    const socket = t.watch(t.socket(label, options), 'listening', 'error');
    socket.bind(first.address().port, LO);
    await t.turns();
  }
}, { least: 2 });

differential('B66 with reuseAddr the socket bound last receives', async (t) => {
  const first = await t.bound('first', { type: 'udp4', reuseAddr: true });
  const second = t.socket('second', { type: 'udp4', reuseAddr: true });
  second.bind(first.address().port, LO);
  await t.once(second, 'listening');
  t.watch(first, 'message');
  const heard = t.once(second, 'message');
  t.peer('peer').send('hello', second.address().port, LO);
  t.note('heard by the second', (await heard)[0]);
}, { least: 1 });

differential('B79 how errors of buffer sizes print', async (t) => {
  const socket = t.socket('socket');
  for (const name of ['getRecvBufferSize', 'getSendBufferSize', 'setRecvBufferSize', 'setSendBufferSize']) {
    try {
      socket[name](5_000);
    } catch (error) {
      const { info, errno, syscall, code } = error;
      t.note(name, error, info, errno, syscall, code);
      t.note('inspected', util.inspect(error).replace(/\n\s+at .*/g, ''));
      for (const key of ['errno', 'syscall', 'info', 'code', 'message', 'name']) {
        const { enumerable, configurable, writable, get, set } = Object.getOwnPropertyDescriptor(error, key) ?? {};
        t.note(key, enumerable, configurable, writable, typeof get, typeof set);
      }
      error.errno = 5;
      error.syscall = 'changed';
      t.note('changed', error.errno, error.syscall, error.info);
    }
  }
  const bound = await t.bound('bound');
  t.call('int32', () => bound.setRecvBufferSize(2 ** 31));
}, { least: 37 });

differential('B79 how other errors print', async (t) => {
  const closed = t.socket('closed');
  closed.close();
  const show = (label, action) => {
    try {
      action();
    } catch (error) {
      t.note(label, util.inspect(error).replace(/\n\s+at .*/g, ''), JSON.stringify(error), Object.prototype.toString.call(error));
    }
  };
  show('closed', () => closed.bind());
  show('type', () => t.dgram.createSocket('bad'));
  show('port', () => closed.send('x', 0));
  show('system', () => t.socket('socket').setTTL(4));
  show('range', () => t.socket('socket').send('x', 4, 4, 9, LO));
  show('size', () => t.socket('socket').setRecvBufferSize(-1));
}, { least: 6 });

const inNamespace = { prefix: namespace, needs: noNamespace };

inChild('B59 members of a group receive its datagrams', FIXTURE, 'heard', { ...inNamespace, least: 8 });
inChild('B59 a source-specific member receives only from the source', FIXTURE, 'sources', { ...inNamespace, least: 5 });
inChild('B59 a membership without an interface takes that of the route', FIXTURE, 'byRoute', { ...inNamespace, least: 4 });
inChild('B57 setMulticastLoopback and setMulticastTTL take effect', FIXTURE, 'loopback', { ...inNamespace, least: 3 });
inChild('B60 IPv6 groups by the name of the interface', FIXTURE, 'six', { ...inNamespace, needs: noNamespace || noIPv6, least: 8 });
