'use strict';
// B6-B13, B16, B19: how a socket gets its local address.

const { EventEmitter } = require('node:events');
const { differential } = require('../support/differential.js');
const { host, olderThan } = require('../support/module.js');
const { noIPv6 } = require('../support/network/namespaces.js');
const { records } = require('../support/runtime.js');

const { errorMonitor } = EventEmitter;
const hasSync = typeof host.Socket.prototype.bindSync === 'function';
const noMeasure = !hasSync && !records && `node:dgram of ${process.version} has no bindSync to compare with; the tests before this one state what is expected`;
const noReusePort = olderThan(22, 12);
const UNASSIGNED = '192.0.2.77'; // RFC 5737: an address that no host has

differential('B6 bind returns the socket, and listening is never emitted at once', async (t) => {
  const socket = t.watch(t.socket('socket'), 'listening');
  process.nextTick(t.callback('tick before'));
  t.call('bind', () => socket.bind(0, '127.0.0.1', t.callback('bound')));
  process.nextTick(t.callback('tick after'));
  Promise.resolve().then(t.callback('microtask'));
  setImmediate(t.callback('immediate'));
  t.note('the turn ends');
  await t.once(socket, 'listening');
  await t.turns();
}, { least: 7 });

differential('B6 a second bind throws while binding and when bound', async (t) => {
  const socket = t.watch(t.socket('socket'), 'listening', 'error');
  socket.bind(0, '127.0.0.1');
  t.call('while binding', () => socket.bind(0, '127.0.0.1', t.callback('second')));
  await t.once(socket, 'listening');
  t.call('when bound', () => socket.bind(0));
  t.call('with an object', () => socket.bind({ port: 0 }, t.callback('third')));
  await t.turns();
}, { least: 4 });

differential('B6 every form of bind', async (t) => {
  const forms = {
    nothing: [], port: [0], 'port, address': [0, '127.0.0.1'], 'undefined, undefined': [undefined, undefined],
    null: [null], 'null, null': [null, null], 'address only': [undefined, '127.0.0.1'], 'empty address': [0, ''],
    object: [{ port: 0, address: '127.0.0.1' }], 'empty object': [{}], 'exclusive object': [{ port: 0, exclusive: true }],
    'object without a port': [{ address: '127.0.0.2' }], 'a negative fd': [{ fd: -1 }], 'fd zero': [{ fd: 0 }], 'half an fd': [{ fd: 1.5 }],
    'port in text': ['0'], false: [false],
  };
  for (const [label, values] of Object.entries(forms)) {
    const socket = t.socket(label);
    t.call(`bind(${label})`, () => socket.bind(...values, t.callback(`bound ${label}`)));
    await t.once(socket, 'listening');
    t.note('at', socket.address());
  }
}, { least: 51 });

differential('B6 invalid ports', async (t) => {
  for (const port of [-1, 65536, 1.5, NaN, 'word', true, Infinity, 2 ** 32, []]) {
    const socket = t.watch(t.socket(String(port)), 'listening', 'error');
    t.call(String(port), () => socket.bind(port, '127.0.0.1'));
    await t.turns(2);
    t.call('address', () => socket.address());
  }
}, { least: 18 });

differential('B6 ports that cannot be converted to a number', async (t) => {
  // The look-up answers at once, so that bind() throws what the conversion throws.
  const lookup = (name, family, callback) => callback(null, '127.0.0.1', 4);
  const thrower = { [Symbol.toPrimitive]() { throw new Error('no primitive'); } };
  for (const port of [Symbol('port'), 10n, [thrower], function port() {}]) {
    const socket = t.watch(t.socket('socket', { type: 'udp4', lookup }), 'listening', 'error');
    t.call('bind', () => socket.bind(port, '127.0.0.1'));
    t.call('bind again', () => socket.bind(0, '127.0.0.1'));
    await t.turns(2);
  }
}, { least: 8 });

differential('B7 the bind callback adds no error listener, and its listener is removed', async (t) => {
  const socket = t.socket('socket');
  const count = (when) => t.note(when, ...['listening', 'error', errorMonitor].map((event) => socket.listenerCount(event)));
  count('made');
  socket.bind(0, '127.0.0.1', function bound() {
    t.note('this', this);
    count('in the callback');
  });
  count('binding');
  await t.once(socket, 'listening');
  count('bound');
}, { least: 5 });

differential('B7 the bind callback is removed when the bind fails', async (t) => {
  const socket = t.socket('socket');
  const count = (when) => t.note(when, ...['listening', 'error', errorMonitor].map((event) => socket.listenerCount(event)));
  socket.on('error', t.callback('error'));
  socket.bind(0, UNASSIGNED, t.callback('never'));
  await t.turns();
  count('failed');
  socket.bind(0, '127.0.0.1', t.callback('bound'));
  await t.once(socket, 'listening');
  count('bound');
}, { least: 4 });

differential('B8 the default address and port', async (t) => {
  for (const port of [undefined, null, 0]) {
    const socket = t.socket(`port ${port}`);
    socket.bind(port);
    await t.once(socket, 'listening');
    const { port: chosen, ...rest } = socket.address();
    t.note(`port ${port}`, rest, chosen > 0);
  }
}, { least: 3 });

differential('B8 the default address over IPv6', async (t) => {
  for (const options of ['udp6', { type: 'udp6', ipv6Only: true }]) {
    const socket = t.socket('socket', options);
    socket.bind();
    await t.once(socket, 'listening');
    t.note('at', socket.address());
  }
}, { least: 2, needs: noIPv6 });

differential('B8 ipv6Only leaves the port free over IPv4', async (t) => {
  for (const ipv6Only of [true, false]) {
    const wide = t.socket('wide', { type: 'udp6', ipv6Only });
    wide.bind(0);
    await t.once(wide, 'listening');
    const narrow = t.watch(t.socket('narrow'), 'listening', 'error');
    narrow.bind(wide.address().port, '127.0.0.1');
    await t.turns();
  }
}, { least: 2, needs: noIPv6 });

differential('B9 an address in use is an error, and the socket can bind again', async (t) => {
  const holder = await t.bound('holder');
  const socket = t.socket('socket');
  socket.bind(holder.address().port, '127.0.0.1', t.callback('never'));
  const [error] = await t.once(socket, 'error');
  t.note('error', error);
  t.call('address', () => socket.address());
  t.call('bind again', () => socket.bind(0, '127.0.0.1', t.callback('bound')));
  await t.once(socket, 'listening');
  t.note('at', socket.address());
}, { least: 5 });

differential('B9 the message of a failed bind to port 0 names no port', async (t) => {
  for (const values of [[0, UNASSIGNED], [4000, UNASSIGNED], [undefined, UNASSIGNED], [{ port: 0, address: UNASSIGNED }]]) {
    const socket = t.socket('socket');
    socket.bind(...values);
    t.note('error', ...await t.once(socket, 'error'));
  }
}, { least: 4 });

differential('B9 the error names the resolved address', async (t) => {
  const holder = await t.bound('holder');
  const lookup = (name, family, callback) => process.nextTick(callback, null, '127.0.0.1', 4);
  const socket = t.socket('socket', { type: 'udp4', lookup });
  socket.bind(holder.address().port, 'a.name');
  t.note('error', ...await t.once(socket, 'error'));
}, { least: 1 });

differential('B9 an error listener may bind again at once', async (t) => {
  const holder = await t.bound('holder');
  const socket = t.watch(t.socket('socket'), 'listening');
  socket.once('error', (error) => {
    t.note('error', error.code);
    t.call('bind', () => socket.bind(0, '127.0.0.1'));
  });
  socket.bind(holder.address().port, '127.0.0.1');
  await t.once(socket, 'listening');
}, { least: 3 });

differential('B10 a udp4 socket bound to ::1', async (t) => {
  const socket = t.watch(t.socket('socket'), 'listening');
  socket.bind(0, '::1');
  t.note('error', ...await t.once(socket, 'error'));
}, { least: 1, needs: noIPv6 });

differential('B10 a udp6 socket bound to an IPv4 address', async (t) => {
  const lookup = (name, family, callback) => {
    t.note('lookup', name, family);
    process.nextTick(callback, null, '127.0.0.1', 4);
  };
  const socket = t.watch(t.socket('socket', { type: 'udp6', lookup }), 'listening', 'error');
  socket.bind(0, '127.0.0.1');
  await t.turns();
}, { least: 2, needs: noIPv6 });

differential('B11 a failed look-up is the error itself, and the socket can bind again', async (t) => {
  const failure = t.name('the failure', Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
  let fail = true;
  const lookup = (name, family, callback) => process.nextTick(callback, fail ? failure : null, '127.0.0.1', 4);
  const socket = t.watch(t.socket('socket', { type: 'udp4', lookup }), 'error', 'listening');
  socket.bind(0, 'a.name', t.callback('bound'));
  await t.turns();
  fail = false;
  t.call('bind again', () => socket.bind(0, 'a.name'));
  await t.turns();
}, { least: 3 });

differential('B11 a look-up that answers at once', async (t) => {
  const lookup = (name, family, callback) => callback(null, '127.0.0.1', 4);
  const socket = t.watch(t.socket('socket', { type: 'udp4', lookup }), 'error', 'listening');
  t.call('bind', () => socket.bind(0, 'a.name', t.callback('bound')));
  t.note('the turn ends');
  await t.turns();
}, { least: 3 });

differential('B11 a look-up that throws', async (t) => {
  const lookup = () => { throw new Error('broken look-up'); };
  const socket = t.watch(t.socket('socket', { type: 'udp4', lookup }), 'error', 'listening');
  t.call('bind', () => socket.bind(0, 'a.name'));
  t.call('bind again', () => socket.bind(0, 'a.name'));
  t.call('send', () => socket.send('x', 9, '127.0.0.1', t.callback('sent')));
  await t.turns();
}, { least: 3 });

differential('B11 a look-up that answers with an invalid address', async (t) => {
  for (const answer of ['not an address', '']) {
    const lookup = (name, family, callback) => process.nextTick(callback, null, answer, 4);
    const socket = t.watch(t.socket('socket', { type: 'udp4', lookup }), 'error', 'listening');
    socket.bind(0, 'a.name');
    await t.turns();
  }
}, { least: 2 });

differential('B12 close during bind: close, and never listening', async (t) => {
  const socket = t.watch(t.socket('socket'), 'listening', 'close', 'error');
  socket.bind(0, '127.0.0.1', t.callback('bound'));
  t.call('close', () => socket.close(t.callback('closed')));
  t.call('bind', () => socket.bind());
  await t.once(socket, 'close');
  await t.turns();
}, { least: 4 });

differential('B12 a look-up that answers after close is ignored', async (t) => {
  for (const answer of [[null, '127.0.0.1', 4], [new Error('too late')]]) {
    let reply;
    const lookup = (name, family, callback) => { reply = callback; };
    const socket = t.watch(t.socket('socket', { type: 'udp4', lookup }), 'listening', 'close', 'error');
    socket.bind(0, 'a.name');
    socket.close();
    await t.once(socket, 'close');
    t.call('answer', () => reply(...answer));
    await t.turns();
  }
}, { least: 4 });

differential('B13 close inside listening', async (t) => {
  const socket = t.watch(t.socket('socket'), 'close', 'message', 'error');
  socket.on('listening', () => t.call('close', () => socket.close()));
  socket.on('listening', () => t.call('address for the next listener', () => socket.address()));
  socket.bind(0, '127.0.0.1', t.callback('bound'));
  await t.once(socket, 'close');
  await t.turns();
}, { least: 4 });

differential('B13 close after a send on an unbound socket waits for the send', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = t.watch(t.socket('socket'), 'listening', 'close', 'error');
  t.call('send', () => socket.send('last words', peer.address().port, '127.0.0.1', t.callback('sent')));
  t.call('close', () => socket.close(t.callback('closed')));
  t.note('still open', typeof socket.address === 'function');
  await t.once(socket, 'close');
  t.call('address', () => socket.address());
  await t.turns();
}, { least: 6 });

differential('B16 sockets with reusePort share a port, and a socket without it does not', async (t) => {
  const first = await t.bound('first', { type: 'udp4', reusePort: true });
  const { port } = first.address();
  for (const [label, options] of Object.entries({ second: { type: 'udp4', reusePort: true }, third: 'udp4', fourth: { type: 'udp4', reuseAddr: true } })) {
    const socket = t.watch(t.socket(label, options), 'listening', 'error');
    socket.bind(port, '127.0.0.1');
    await t.turns();
  }
}, { needs: noReusePort, least: 3 });

differential('B16 each datagram reaches one of the sockets that share a port', async (t) => {
  const sockets = [await t.bound('first', { type: 'udp4', reusePort: true }), t.socket('second', { type: 'udp4', reusePort: true })];
  const { port } = sockets[0].address();
  sockets[1].bind(port, '127.0.0.1');
  await t.once(sockets[1], 'listening');
  const heard = [];
  const all = t.until((done) => {
    for (const socket of sockets) socket.on('message', (message) => { if (heard.push(message.toString()) === 24) done(); });
  }, () => `24 datagrams, of which ${heard.length} came`);
  for (let n = 0; n < 24; n++) t.peer(`peer ${n}`).send(String(n), port, '127.0.0.1');
  await all;
  t.note('heard', heard.sort());
}, { needs: noReusePort, least: 1 });

const where = ([label, value]) => [label, { keys: value }];
const loopback = { keys: [['address', '127.0.0.1'], ['family', 'IPv4'], ['port', 'P1']] };

differential('B19 bindSync binds at once and listening comes on the next tick', async (t) => {
  const socket = t.watch(t.socket('socket'), 'listening');
  t.call('bindSync', () => socket.bindSync({ address: '127.0.0.1' }));
  t.call('address', () => socket.address());
  process.nextTick(t.callback('tick'));
  t.note('the turn ends');
  await t.once(socket, 'listening');
  await t.turns();
}, {
  onHost: hasSync,
  expected: [
    ['bindSync returned', loopback], ['address returned', loopback], ['the turn ends'], ['socket listening'], ['tick'],
  ],
});

differential('B19 bindSync receives before listening', async (t) => {
  const socket = t.socket('socket');
  const { port } = socket.bindSync({ port: 0, address: '127.0.0.1' });
  const heard = t.once(socket, 'message');
  t.peer('peer').send('early', port, '127.0.0.1');
  t.note('heard', (await heard)[0]);
}, { onHost: hasSync, expected: [['heard', '<Buffer 5: "early">']] });

differential('B19 bindSync emits no listening once closed', async (t) => {
  const socket = t.watch(t.socket('socket'), 'listening', 'close');
  socket.bindSync();
  socket.close();
  await t.turns();
}, { onHost: hasSync, expected: [['socket close']] });

const thrown = (label, error, name, code, message, fields = [['code', code]]) => [`${label} threw`, {
  error, constructor: error, name, text: `${name} [${code}]: ${message}`, message, stack: `${name} [${code}]: ${message}`, fields,
}];
const badValue = (label, field, value, why) => thrown(label, 'TypeError', 'TypeError', 'ERR_INVALID_ARG_VALUE',
  `The ${field.includes('.') ? 'property' : 'argument'} '${field}' ${why}. Received '${value}'`);
const system = (label, message, errno, code, syscall, address, port) => [`${label} threw`, {
  error: 'Error', constructor: 'Error', name: 'Error', text: `Error: ${message}`, message, stack: `Error: ${message}`,
  fields: [['errno', errno], ['code', code], ['syscall', syscall], ['address', address], ...(port ? [['port', port]] : [])],
}];

differential('B19 bindSync takes IP literals only and leaves the socket as it was', async (t) => {
  const socket = t.socket('socket');
  t.call('a name', () => socket.bindSync({ address: 'localhost' }));
  t.call('nobody', () => socket.bindSync({ address: UNASSIGNED }));
  t.call('all is well', () => socket.bindSync({ address: '127.0.0.1' }));
  t.call('again', () => socket.bindSync());
}, {
  onHost: hasSync,
  expected: [
    badValue('a name', 'options.address', 'localhost', 'must be a numeric IP address; bindSync does not perform DNS resolution'),
    system('nobody', `bind EADDRNOTAVAIL ${UNASSIGNED}`, -99, 'EADDRNOTAVAIL', 'bind', UNASSIGNED),
    ['all is well returned', loopback],
    thrown('again', 'Error', 'Error', 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound'),
  ],
});

differential('B19 bindSync names the address and port in use', async (t) => {
  const holder = await t.bound('holder');
  const { port } = holder.address();
  const socket = t.socket('socket');
  t.call('in use', () => socket.bindSync({ port, address: '127.0.0.1' }));
  t.call('free', () => socket.bindSync());
}, {
  onHost: hasSync,
  expected: [
    system('in use', 'bind EADDRINUSE 127.0.0.1:P1', -98, 'EADDRINUSE', 'bind', '127.0.0.1', 'P1'),
    where(['free returned', [['address', '0.0.0.0'], ['family', 'IPv4'], ['port', 'P2']]]),
  ],
});

differential('B19 bindSync and connectSync refuse what bind and connect refuse', async (t) => {
  const socket = t.socket('socket');
  for (const options of [null, 4, 'text', [], { port: -1 }, { port: 65536 }, { port: 'x' }, { address: 4 }, { address: {} }]) {
    t.call('bindSync', () => socket.bindSync(options));
  }
  for (const values of [[], [0], [-1], [9, 'localhost'], [9, 4], [9, {}]]) t.call('connectSync', () => socket.connectSync(...values));
  socket.close();
  t.call('bindSync closed', () => socket.bindSync(4));
  t.call('connectSync closed', () => socket.connectSync());
}, { least: 17, needs: noMeasure });

differential('B19 connectSync connects at once and connect comes on the next tick', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = t.watch(t.socket('socket'), 'listening', 'connect');
  t.call('connectSync', () => socket.connectSync(peer.address().port, '127.0.0.1'));
  t.call('remoteAddress', () => socket.remoteAddress());
  t.call('again', () => socket.connectSync(peer.address().port, '127.0.0.1'));
  t.call('send', () => socket.send('at once'));
  t.note('heard', (await t.once(peer, 'message'))[0]);
  socket.disconnect();
  t.call('a name', () => socket.connectSync(9, 'localhost'));
  t.call('another family', () => socket.connectSync(9, '::1'));
  t.call('the default address', () => socket.connectSync(9));
  t.call('remoteAddress', () => socket.remoteAddress());
}, {
  onHost: hasSync,
  expected: [
    ['connectSync returned', '<undefined>'],
    ['remoteAddress returned', loopback],
    thrown('again', 'Error', 'Error', 'ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected'),
    ['send returned', '<undefined>'],
    ['socket listening'], ['socket connect'],
    ['heard', '<Buffer 7: "at once">'],
    badValue('a name', 'address', 'localhost', 'must be a numeric IP address; connectSync does not perform DNS resolution'),
    system('another family', 'connect EINVAL ::1:9', -22, 'EINVAL', 'connect', '::1', 9),
    ['the default address returned', '<undefined>'],
    where(['remoteAddress returned', [['address', '127.0.0.1'], ['family', 'IPv4'], ['port', 9]]]),
  ],
});

differential('B19 connectSync throws while a bind is under way', async (t) => {
  const socket = t.watch(t.socket('socket'), 'listening');
  socket.bind(0, '127.0.0.1');
  t.call('connectSync', () => socket.connectSync(9, '127.0.0.1'));
  await t.once(socket, 'listening');
  t.call('connectSync', () => socket.connectSync(9, '127.0.0.1'));
}, {
  onHost: hasSync,
  expected: [
    thrown('connectSync', 'Error', 'Error', 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound'),
    ['socket listening'],
    ['connectSync returned', '<undefined>'],
  ],
});
