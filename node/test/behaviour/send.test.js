'use strict';
// B21-B32, B36: what send takes, checks, reports, and in which order.

const dns = require('node:dns');
const net = require('node:net');
const util = require('node:util');
const { differential } = require('../support/differential.js');
const { olderThan } = require('../support/module.js');
const { CLOSED_PORT, noIPv6 } = require('../support/network/namespaces.js');

const noBlockLists = olderThan(22, 13);

/** Sends with each list of arguments, and records the datagrams of the peer in order. */
async function forms(t, socket, peer, lists) {
  const heard = [];
  peer.on('message', (message) => heard.push(message));
  for (const [label, values] of Object.entries(lists)) t.call(label, () => socket.send(...values));
  await t.turns(4);
  await t.barrier(peer);
  t.note('heard', ...heard);
}

differential('B21 the argument forms of an unconnected socket', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.bound('socket');
  const { port } = peer.address();
  const cb = (label) => t.callback(`${label} called back`);
  await forms(t, socket, peer, {
    'msg, port': ['a1', port],
    'msg, port, callback': ['a2', port, cb('a2')],
    'msg, port, address': ['a3', port, '127.0.0.1'],
    'msg, port, address, callback': ['a4', port, '127.0.0.1', cb('a4')],
    'msg, offset, length, port': ['xa5x', 1, 2, port],
    'msg, offset, length, port, callback': ['xa6x', 1, 2, port, cb('a6')],
    'msg, offset, length, port, address': ['xa7x', 1, 2, port, '127.0.0.1'],
    'msg, offset, length, port, address, callback': ['xa8x', 1, 2, port, '127.0.0.1', cb('a8')],
    'list, port': [['b', '1'], port],
    'list, port, address, callback': [['b', Buffer.from('2')], port, '127.0.0.1', cb('b2')],
    'msg, port, undefined, callback': ['c1', port, undefined, cb('c1')],
    'msg, port, null, callback': ['c2', port, null, cb('c2')],
    'msg, port, address, no function': ['c3', port, '127.0.0.1', 'no function'],
    'msg, port, callback, ignored': ['c4', port, cb('c4'), undefined],
    'list, offset, length, port, address': [['d1'], 0, 1, port, '127.0.0.1'],
    'msg, port in text': ['d2', String(port)],
    'msg, undefined offset, undefined length, port': ['d3', undefined, undefined, port],
    'msg, negative offset': ['d4', -1, 1, port],
    'msg, fractions': ['d5', 0.9, 2.9, port],
    'msg, text offset': ['d6', '1', '1', port],
  });
}, { least: 29 });

differential('B21 the argument forms of a connected socket', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  const cb = (label) => t.callback(`${label} called back`);
  await forms(t, socket, peer, {
    msg: ['a1'],
    'msg, callback': ['a2', cb('a2')],
    'msg, offset, length': ['xa3x', 1, 2],
    'msg, offset, length, callback': ['xa4x', 1, 2, cb('a4')],
    'msg, port': ['a5', 9],
    'msg, port, address': ['a6', 9, '127.0.0.1'],
    'msg, port, callback': ['a7', 9, cb('a7')],
    'msg, port, address, callback': ['a8', 9, '127.0.0.1', cb('a8')],
    'msg, offset, length, port': ['xa9x', 1, 2, 9],
    'msg, offset, length, port, address': ['xaax', 1, 2, 9, '127.0.0.1'],
    'msg, offset, length, zero, address': ['xabx', 1, 2, 0, '127.0.0.1'],
    'msg, offset, length, zero': ['xacx', 1, 2, 0],
    'list, callback': [['b', '1'], cb('b1')],
    'msg, undefined, undefined, undefined, callback': ['c1', undefined, undefined, undefined, cb('c1')],
    'msg, no function': ['c2', 'no function'],
    'msg, text length': ['c3', 0, '1', cb('c3')],
  });
}, { least: 20 });

const SEND_PORTS = [undefined, null, 0, -1, 65536, 1.5, NaN, Infinity, 'word', '', '0', true, false, {}, [], [9], Symbol('port'), 10n, 0x100000000];

differential('B22 invalid ports throw ERR_SOCKET_BAD_PORT', async (t) => {
  const socket = await t.bound('socket');
  for (const port of SEND_PORTS) {
    const label = util.inspect(port);
    t.call(`send(msg, ${label})`, () => socket.send('x', port, '127.0.0.1'));
    t.call(`send(msg, 0, 1, ${label})`, () => socket.send('x', 0, 1, port, '127.0.0.1'));
    t.call(`connect(${label})`, () => t.socket('other').connect(port, '127.0.0.1'));
    t.call(`sendto(${label})`, () => socket.sendto('x', 0, 1, port, '127.0.0.1'));
  }
}, { least: 76 });

differential('B22 sendto checks each argument', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.bound('socket');
  const { port } = peer.address();
  const good = ['hello', 1, 3, port, '127.0.0.1'];
  for (let at = 0; at < good.length; at++) {
    for (const bad of [undefined, null, {}, Symbol('bad')]) t.call(`argument ${at}`, () => socket.sendto(...good.with(at, bad)));
  }
  await forms(t, socket, peer, { 'a good one': good, 'with callback': [...good, t.callback('called back')] });
}, { least: 22 });

const MESSAGES = [undefined, null, 0, 4.5, true, {}, { length: 3 }, new ArrayBuffer(3), new SharedArrayBuffer(3), () => {}, Symbol('m'), 1n, new String('s'), new Set(), new Date(0)];

differential('B23 invalid messages, with and without an offset', async (t) => {
  const socket = await t.bound('socket');
  const connected = await t.connected(await t.bound('connected'), socket);
  for (const message of MESSAGES) {
    t.call('send(msg, port)', () => socket.send(message, 9, '127.0.0.1'));
    t.call('send(msg, offset, length, port)', () => socket.send(message, 0, 1, 9, '127.0.0.1'));
    t.call('in a list', () => socket.send(['x', message], 9, '127.0.0.1'));
    t.call('connected', () => connected.send(message));
  }
}, { least: 60 });

differential('B23 every kind of view is a message', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  const { buffer } = new Uint8Array([...'0123456789abcdef'].map((letter) => letter.charCodeAt(0)));
  const shared = Object.assign(new Uint8Array(new SharedArrayBuffer(4)), [65, 66, 67, 68]);
  const views = [
    new Uint8Array(buffer, 2, 3), new Uint16Array(buffer, 2, 3), new Float64Array(buffer, 8), new BigInt64Array(buffer),
    new DataView(buffer, 1, 4), new Uint8ClampedArray(buffer, 0, 0), Buffer.from(buffer, 4, 4), shared,
  ];
  await forms(t, socket, peer, Object.fromEntries([
    ...views.map((view, at) => [`view ${at}`, [view, t.callback(`sent ${at}`)]]),
    ...views.map((view, at) => [`view ${at} sliced`, [view, 1, 2, t.callback(`slice sent ${at}`)]]),
    ['all in a list', [views, t.callback('list sent')]],
    ['text', ['wörter: 文字 🎉', t.callback('text sent')]], ['text sliced', ['wörter', 1, 2]],
    ['lone surrogate', ['\ud800', t.callback('surrogate sent')]],
  ]));
}, { least: 39 });

differential('B23 an empty list and empty messages are empty datagrams', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  const cb = (label) => t.callback(`${label} sent`);
  await forms(t, socket, peer, {
    list: [[], cb('list')], text: ['', cb('text')], buffer: [Buffer.alloc(0), cb('buffer')],
    'list of nothing': [['', Buffer.alloc(0)], cb('list of nothing')], slice: ['abc', 3, 0, cb('slice')],
  });
}, { least: 11 });

differential('B23 the list is copied, the bytes are not: unbound', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = t.socket('socket');
  const bytes = Buffer.from('before');
  const list = ['one,', bytes];
  const heard = t.once(peer, 'message');
  socket.send(list, peer.address().port, '127.0.0.1', t.callback('sent'));
  list[0] = 'two,';
  list.push('three');
  bytes.write('after!');
  t.note('heard', (await heard)[0]);
  await t.turns();
}, { least: 2 });

differential('B23 the list is copied, the bytes are not: bound', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.bound('socket');
  const bytes = Buffer.from('before');
  const list = ['one,', bytes];
  const heard = t.once(peer, 'message');
  socket.send(list, peer.address().port, '127.0.0.1', t.callback('sent'));
  list[0] = 'two,';
  bytes.write('after!');
  t.note('heard', (await heard)[0]);
  await t.turns();
}, { least: 2 });

differential('B23 the bytes are sent at once: connected', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  const bytes = Buffer.from('before');
  const heard = t.times(peer, 'message', 3);
  for (const word of ['first!', 'second', 'third!']) {
    bytes.write(word);
    socket.send(bytes, t.callback('sent'));
  }
  bytes.write('after!');
  t.note('heard', ...(await heard).map(([message]) => message));
  await t.turns();
}, { least: 4 });

differential('B24 offsets and lengths out of range', async (t) => {
  const socket = await t.bound('socket');
  const connected = await t.connected(await t.bound('connected'), socket);
  for (const [offset, length] of [[4, 0], [3, 0], [0, 4], [2, 2], [-1, 1], [0, -1], [2 ** 32, 3], [2 ** 32 + 4, 0], [NaN, 9], [1.9, 2.9], [Infinity, 4], [0, 2 ** 53]]) {
    t.call(`${offset}, ${length}`, () => socket.send('abc', offset, length, 9, '127.0.0.1'));
    t.call(`${offset}, ${length} connected`, () => connected.send(Buffer.from('abc'), offset, length));
    t.call(`${offset}, ${length} of 16-bit elements`, () => connected.send(new Uint16Array(2), offset, length));
  }
}, { least: 36 });

differential('B25 no address means the loopback address', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.bound('socket');
  const { port } = peer.address();
  await forms(t, socket, peer, { undefined: ['a', port, undefined], null: ['b', port, null], empty: ['c', port, ''], none: ['d', port] });
}, { least: 5 });

differential('B25 no address means ::1 over IPv6', async (t) => {
  const peer = await t.boundPeer('peer', 'udp6');
  const socket = await t.bound('socket', 'udp6');
  const { port } = peer.address();
  await forms(t, socket, peer, { undefined: ['a', port, undefined], empty: ['c', port, ''], none: ['d', port], literal: ['e', port, '::1'] });
}, { least: 5, needs: noIPv6 });

differential('B25 invalid addresses', async (t) => {
  const socket = await t.bound('socket');
  for (const address of [0, 1, true, false, {}, [], ['127.0.0.1'], Symbol('a'), 1n, new String('127.0.0.1'), Buffer.from('127.0.0.1')]) {
    t.call(`send to ${util.inspect(address)}`, () => socket.send('x', 9, address, t.callback('sent')));
    t.call(`slice to ${util.inspect(address)}`, () => socket.send('x', 0, 1, 9, address, t.callback('sent')));
    t.call(`connect to ${util.inspect(address)}`, () => t.socket('other').connect(9, address));
  }
  await t.turns();
}, { least: 33 });

differential('B25 a host name is looked up for the family of the socket', async (t) => {
  const families = noIPv6 ? ['udp4'] : ['udp4', 'udp6'];
  for (const type of families) {
    const peer = await t.boundPeer(`peer ${type}`, type);
    const lookup = (name, family, callback) => {
      t.note('lookup', name, family);
      process.nextTick(callback, null, peer.address().address, family);
    };
    const socket = await t.bound(`socket ${type}`, { type, lookup });
    const heard = t.once(peer, 'message');
    await t.sent('sent', socket, 'hello', peer.address().port, 'a.name');
    t.note('heard', (await heard)[0]);
  }
}, { least: 4 });

differential('B26 which invalid argument is reported, and each before the closed state', async (t) => {
  const open = await t.bound('open');
  const closed = t.socket('closed');
  closed.close();
  for (const [label, socket] of [['open', open], ['closed', closed]]) {
    const attempts = [[4, 0, {}], ['x', 0, {}], ['x', 9, {}], [4], [], ['x', 9, 2, 0, {}], ['x', 0, 1, 0, {}], [[4], 0], ['x', 9, '127.0.0.1']];
    for (const values of attempts) t.call(`${label} ${util.inspect(values)}`, () => socket.send(...values));
  }
}, { least: 18 });

function listenToLookups(t) {
  const { lookup } = dns;
  t.replace(dns, 'lookup', (name, ...rest) => {
    t.note('dns.lookup', name, ...rest.filter((value) => typeof value !== 'function'));
    return lookup.call(dns, name, ...rest);
  });
}

differential('B27 the look-up of a literal address answers on the next tick', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.bound('socket');
  socket.send('x', peer.address().port, '127.0.0.1', t.callback('sent'));
  process.nextTick(t.callback('tick'));
  process.nextTick(() => process.nextTick(t.callback('tick in a tick')));
  Promise.resolve().then(t.callback('microtask'));
  setImmediate(t.callback('immediate'));
  t.note('the turn ends');
  await t.turns();
}, { least: 6 });

differential('B27 a custom look-up is called for literals too, and for the local address', async (t) => {
  const lookup = (name, family, callback) => {
    t.note('lookup', name, family, typeof callback);
    process.nextTick(callback, null, '127.0.0.1', 4);
  };
  const socket = t.socket('socket', { type: 'udp4', lookup });
  socket.bind(0, '127.0.0.1');
  await t.once(socket, 'listening');
  await t.sent('sent', socket, 'x', 9, '127.0.0.1');
  await t.sent('sent', socket, 'x', 9);
  await t.sent('sent', socket, 'x', 9, 'name');
  socket.connect(9, '127.0.0.1');
  await t.once(socket, 'connect');
  await t.sent('sent connected', socket, 'x');
}, { least: 9 });

differential('B27 the arguments and answers of a custom look-up', async (t) => {
  const answers = [[null, '127.0.0.1'], [undefined, '127.0.0.1', 6], [null, '127.0.0.2', 4], [null, 'nonsense', 4], [null, '::1', 6]];
  for (const answer of answers) {
    const socket = await t.bound('socket');
    const other = t.socket('other', { type: 'udp4', lookup(name, family, callback) {
      t.note('this', this === undefined, arguments.length);
      process.nextTick(callback, ...(name === 'name' ? answer : [null, '127.0.0.1', 4]));
    } });
    other.bind(0, '127.0.0.1');
    await t.once(other, 'listening');
    t.call('send', () => other.send('x', socket.address().port, 'name', t.callback('sent')));
    await t.turns(2);
  }
}, { least: 10 });

differential('B75 whether dns.lookup is read when the socket is made or when it is called', async (t) => {
  const socket = await t.bound('socket');
  listenToLookups(t);
  await t.sent('sent', socket, 'x', 9, 'localhost');
  socket.connect(9, 'localhost');
  await t.once(socket, 'connect');
}, { least: 1 });

differential('B75 which literals reach dns.lookup', async (t) => {
  listenToLookups(t);
  const socket = t.socket('socket');
  socket.bind(0, '127.0.0.1');
  await t.once(socket, 'listening');
  await t.sent('sent', socket, 'x', 9, '127.0.0.1');
  await t.sent('sent', socket, 'x', 9);
  await t.sent('sent', socket, 'x', 9, 'localhost');
  await t.sent('sent', socket, 'x', 9, '::1');
  socket.connect(9, '127.0.0.1');
  await t.once(socket, 'connect');
}, { least: 5 });

differential('B75 which literals reach dns.lookup over IPv6', async (t) => {
  listenToLookups(t);
  const socket = t.socket('socket', 'udp6');
  socket.bind(0, '::1');
  await t.once(socket, 'listening');
  for (const address of ['::1', '::0001', '::ffff:127.0.0.1', '::1%lo']) await t.sent(address, socket, 'x', 9, address);
}, { least: 4, needs: noIPv6 });

differential('B75 a replaced dns.lookup answers', async (t) => {
  const peer = await t.boundPeer('peer');
  t.replace(dns, 'lookup', (name, options, callback) => {
    t.note('dns.lookup', name, options);
    process.nextTick(callback, null, '127.0.0.1', 4);
  });
  const socket = await t.bound('socket');
  const heard = t.once(peer, 'message');
  await t.sent('sent', socket, 'x', peer.address().port, 'some.name');
  t.note('heard', (await heard)[0]);
}, { least: 3 });

differential('B28 send returns, then ticks and microtasks, then the callback', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  t.call('send', () => socket.send('abc', t.callback('sent')));
  process.nextTick(t.callback('tick'));
  Promise.resolve().then(t.callback('microtask'));
  setImmediate(t.callback('immediate'));
  t.note('the turn ends');
  await t.turns();
}, { least: 6 });

differential('B28 the order of many callbacks, connected and not', async (t) => {
  const peer = await t.boundPeer('peer');
  const [free, connected] = [await t.bound('free'), await t.connected(await t.bound('connected'), peer)];
  const { port } = peer.address();
  for (let n = 0; n < 4; n++) {
    free.send(`free ${n}`, port, '127.0.0.1', t.callback(`free ${n} sent`));
    connected.send(`connected ${n}`, t.callback(`connected ${n} sent`));
    process.nextTick(t.callback(`tick ${n}`));
    Promise.resolve().then(t.callback(`microtask ${n}`));
  }
  setImmediate(t.callback('immediate'));
  await t.turns();
}, { least: 17 });

differential('B28 ticks and microtasks between two callbacks', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  for (let n = 0; n < 3; n++) {
    socket.send('abc', () => {
      t.note(`sent ${n}`);
      process.nextTick(t.callback(`tick ${n}`));
      Promise.resolve().then(t.callback(`microtask ${n}`));
      setImmediate(t.callback(`immediate ${n}`));
    });
  }
  await t.turns();
}, { least: 12 });

differential('B28 the arguments of a callback, and its `this`', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  for (const message of ['abc', ['ab', 'cde'], '', []]) {
    await t.until((done) => socket.send(message, function sent(...values) {
      t.note('sent', this === undefined, values.length, ...values);
      done();
    }));
  }
}, { least: 4 });

differential('B28 sends from within callbacks', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  const heard = t.times(peer, 'message', 6);
  const again = (n) => n < 6 && socket.send(String(n), (...values) => {
    t.note(`sent ${n}`, ...values);
    again(n + 1);
  });
  again(0);
  t.note('heard', ...(await heard).map(([message]) => message));
}, { least: 7 });

const TOO_LARGE = Buffer.alloc(65_508);

differential('B29 a failed send without a callback is silent', async (t) => {
  for (const type of noIPv6 ? ['udp4'] : ['udp4', 'udp6']) {
    const peer = await t.boundPeer('peer', type);
    const free = t.watch(await t.bound('free', type), 'error');
    const connected = t.watch(await t.connected(await t.bound('connected', type), peer), 'error');
    const { port, address } = peer.address();
    const large = Buffer.alloc(70_000);
    t.call('free', () => free.send(large, port, address));
    t.call('connected', () => connected.send(large));
    await t.barrier(peer);
    await t.turns();
  }
}, { least: 2 });

differential('B29 a failed look-up without a callback is an error on the next tick', async (t) => {
  const failure = t.name('the failure', new Error('no such name'));
  const lookup = (name, family, callback) => process.nextTick(callback, name === 'name' ? failure : null, '127.0.0.1', 4);
  const socket = t.watch(t.socket('socket', { type: 'udp4', lookup }), 'error');
  socket.bind(0, '127.0.0.1');
  await t.once(socket, 'listening');
  t.call('send', () => socket.send('x', 9, 'name'));
  process.nextTick(t.callback('tick'));
  process.nextTick(() => process.nextTick(t.callback('tick in a tick')));
  await t.turns();
}, { least: 4 });

differential('B30 a datagram too large for UDP', async (t) => {
  const peer = await t.boundPeer('peer');
  const [free, connected] = [await t.bound('free'), await t.connected(await t.bound('connected'), peer)];
  const { port } = peer.address();
  await t.sent('free', free, TOO_LARGE, port, '127.0.0.1');
  await t.sent('no address', free, TOO_LARGE, port);
  await t.sent('slice', free, TOO_LARGE, 0, 65_508, port, '127.0.0.1');
  await t.sent('list', free, [TOO_LARGE, 'x'], port, '127.0.0.1');
  await t.sent('far too large', free, Buffer.alloc(200_000), port, '127.0.0.1');
  await t.sent('connected', connected, TOO_LARGE);
  const heard = t.once(peer, 'message');
  await t.sent('as large as can be', connected, TOO_LARGE.subarray(1));
  t.note('heard', (await heard)[0].length);
}, { least: 8 });

differential('B30 the error names the address as the caller wrote it', async (t) => {
  const lookup = (name, family, callback) => process.nextTick(callback, null, '127.0.0.1', 4);
  const socket = t.socket('socket', { type: 'udp4', lookup });
  socket.bind(0);
  await t.once(socket, 'listening');
  await t.sent('name', socket, TOO_LARGE, 9, 'some.name');
  await t.sent('no address', socket, TOO_LARGE, 9);
  await t.sent('port in text', socket, TOO_LARGE, '9', '127.0.0.1');
}, { least: 3 });

differential('B30 errors of single datagrams come in the order of the sends', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  const heard = t.times(peer, 'message', 3);
  for (const message of ['one', TOO_LARGE, 'two', TOO_LARGE, 'three']) socket.send(message, t.callback('sent'));
  t.note('heard', ...(await heard).map(([message]) => message));
  await t.turns();
}, { least: 6 });

differential('B30 a broadcast address needs setBroadcast', async (t) => {
  const socket = await t.bound('socket');
  await t.sent('without', socket, 'x', 9, '127.255.255.255');
  t.call('setBroadcast', () => socket.setBroadcast(true));
  await t.sent('with', socket, 'x', 9, '127.255.255.255');
}, { least: 3 });

differential('B31 a failed look-up is the error of the callback', async (t) => {
  const failure = Object.assign(new Error('getaddrinfo ENOTFOUND some.name'), { errno: -3008, code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'some.name' });
  t.name('the failure', failure);
  t.replace(dns, 'lookup', (name, options, callback) => process.nextTick(callback, name === 'some.name' ? failure : null, name, 4));
  const socket = t.watch(await t.bound('socket'), 'error');
  await t.sent('sent', socket, 'x', 9, 'some.name');
  socket.connect(9, 'some.name', t.callback('connected'));
  await t.turns();
}, { least: 2 });

differential('B31 the error of the system’s own look-up', async (t) => {
  const socket = t.watch(await t.bound('socket'), 'error');
  // A label longer than the 63 letters of RFC 1035 fails before any query leaves the machine.
  await t.sent('sent', socket, 'x', 9, `${'x'.repeat(64)}.invalid`);
}, { least: 1 });

differential('B32 a blocked destination is an error of the callback, and nothing else', async (t) => {
  const sendBlockList = new net.BlockList();
  sendBlockList.addAddress('127.0.0.3');
  sendBlockList.addRange('127.0.4.0', '127.0.4.9');
  sendBlockList.addSubnet('127.5.0.0', 16);
  const lookup = (name, family, callback) => process.nextTick(callback, null, net.isIP(name) ? name : '127.0.0.3', 4);
  const socket = t.watch(t.socket('socket', { type: 'udp4', sendBlockList, lookup }), 'error');
  socket.bind(0);
  await t.once(socket, 'listening');
  for (const address of ['127.0.0.3', '127.0.4.5', '127.5.6.7', '127.0.0.1', '127.0.4.10', 'some.name']) {
    await t.sent(address, socket, 'x', 9, address);
  }
  t.call('no callback', () => socket.send('x', 9, '127.0.0.3'));
  await t.turns();
  sendBlockList.addAddress('127.0.0.1');
  await t.sent('blocked later', socket, 'x', 9, '127.0.0.1');
}, { needs: noBlockLists, least: 8 });

differential('B32 connect to a blocked peer', async (t) => {
  const sendBlockList = new net.BlockList();
  sendBlockList.addAddress('127.0.0.3');
  const socket = t.watch(await t.bound('socket', { type: 'udp4', sendBlockList }), 'error', 'connect');
  t.call('connect', () => socket.connect(9, '127.0.0.3'));
  await t.turns();
  t.call('connect', () => socket.connect(9, '127.0.0.3', t.callback('connected')));
  await t.turns();
  t.call('connect', () => socket.connect(9, '127.0.0.4', t.callback('connected')));
  await t.turns();
  sendBlockList.addAddress('127.0.0.4');
  await t.sent('blocked while connected', socket, 'x');
}, { needs: noBlockLists, least: 6 });

differential('B32 block lists over IPv6', async (t) => {
  const sendBlockList = new net.BlockList();
  sendBlockList.addAddress('::1', 'ipv6');
  sendBlockList.addAddress('127.0.0.3');
  const socket = t.watch(t.socket('socket', { type: 'udp6', sendBlockList }), 'error');
  socket.bind(0);
  await t.once(socket, 'listening');
  for (const address of ['::1', '::ffff:127.0.0.3', '::ffff:127.0.0.1', '0:0:0:0:0:0:0:1']) await t.sent(address, socket, 'x', 9, address);
}, { least: 4, needs: noBlockLists || noIPv6 });

differential('B36 datagrams of one turn arrive in call order', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.bound('socket');
  const heard = t.times(peer, 'message', 100);
  for (let n = 0; n < 100; n++) socket.send(`${n}`.repeat(1 + (n % 7)), peer.address().port, '127.0.0.1');
  t.note('heard', ...(await heard).map(([message]) => message));
}, { least: 1 });

differential('B36 a connected send overtakes an unconnected one', async (t) => {
  const peer = await t.boundPeer('peer');
  const [free, connected] = [await t.bound('free'), await t.connected(await t.bound('connected'), peer)];
  const heard = t.times(peer, 'message', 4);
  free.send('free 1', peer.address().port, '127.0.0.1');
  connected.send('connected 1');
  free.send('free 2', peer.address().port, '127.0.0.1');
  connected.send('connected 2');
  t.note('heard', ...(await heard).map(([message]) => message));
}, { least: 1 });

differential('B36 the order among several peers and sizes', async (t) => {
  const peers = [await t.boundPeer('first'), await t.boundPeer('second')];
  const socket = await t.bound('socket');
  const heard = peers.map((peer) => t.times(peer, 'message', 20));
  for (let n = 0; n < 40; n++) socket.send(Buffer.alloc(1 + (n % 5) * 100, 65 + (n % 26)), peers[n % 2].address().port, '127.0.0.1', t.callback(`sent ${n}`));
  for (const list of heard) t.note('heard', ...(await list).map(([message]) => message));
  await t.turns();
}, { least: 42 });

differential('B77 ECONNREFUSED of a connected send has no address', async (t) => {
  const socket = t.watch(await t.bound('socket'), 'error');
  socket.connect(CLOSED_PORT, '127.0.0.1');
  await t.once(socket, 'connect');
  // The error of the first is pending on the socket when the second is sent.
  socket.send('first', t.callback('first sent'));
  socket.send('second', t.callback('second sent'));
  socket.send('third', t.callback('third sent'));
  await t.once(socket, 'error');
}, { least: 4 });

differential('B77 an idle connected socket emits recvmsg ECONNREFUSED', async (t) => {
  const socket = await t.bound('socket');
  socket.connect(CLOSED_PORT, '127.0.0.1');
  await t.once(socket, 'connect');
  await t.sent('sent', socket, 'x');
  t.note('error', ...await t.once(socket, 'error'));
}, { least: 2 });

differential('B77 an unconnected socket emits no error', async (t) => {
  const socket = t.watch(await t.bound('socket'), 'error');
  await t.sent('sent', socket, 'x', CLOSED_PORT, '127.0.0.1');
  await t.sent('sent', socket, 'x', CLOSED_PORT, '127.0.0.1');
  await t.barrier(socket);
}, { least: 2 });

differential('B78 a udp4 socket that sends to ::1', async (t) => {
  const socket = t.watch(await t.bound('socket'), 'error');
  await t.sent('sent', socket, 'x', 9, '::1');
  t.call('without callback', () => socket.send('x', 9, '::1'));
  await t.turns(10);
}, { least: 2 });

differential('B78 a udp6 socket that sends to an IPv4 address', async (t) => {
  const lookup = (name, family, callback) => process.nextTick(callback, null, name, 4);
  const socket = t.watch(t.socket('socket', { type: 'udp6', lookup }), 'error');
  socket.bind(0, '::');
  await t.once(socket, 'listening');
  await t.sent('IPv4', socket, 'x', 9, '127.0.0.1');
  await t.sent('mapped', socket, 'x', 9, '::ffff:127.0.0.1');
}, { least: 2, needs: noIPv6 });
