'use strict';
// B1-B5, B73, B74: what createSocket and Socket take, check and leave behind.

const diagnostics = require('node:diagnostics_channel');
const { getEventListeners } = require('node:events');
const util = require('node:util');
const { host } = require('../support/module.js');
const { differential } = require('../support/differential.js');

differential('B1 an unknown type throws ERR_SOCKET_BAD_TYPE', async (t) => {
  const types = [undefined, null, 'unix_stream', 'udp5', 'UDP4', '', 4, true, {}, { type: 'tcp4' }, { type: null }, [], () => {}, Symbol('type')];
  for (const type of types) t.call(`createSocket(${util.inspect(type)})`, () => t.dgram.createSocket(type));
}, { least: 14 });

differential('B2 each option is checked, and falsy buffer sizes are not', async (t) => {
  const values = ['big', -1, 1.5, 2 ** 32, NaN, 0, null, '', false, true, {}, 1n];
  for (const value of values) {
    for (const key of ['recvBufferSize', 'sendBufferSize']) {
      t.call(`${key} ${util.inspect(value)}`, () => t.socket('socket', { type: 'udp4', [key]: value }));
    }
  }
  for (const value of [{}, 'list', 1, [], null, 0]) {
    for (const key of ['receiveBlockList', 'sendBlockList', 'lookup', 'signal']) {
      t.call(`${key} ${util.inspect(value)}`, () => t.socket('socket', { type: 'udp6', [key]: value }));
    }
  }
}, { least: 48 });

differential('B2 the order in which the options are checked', async (t) => {
  const wrong = { recvBufferSize: 'r', sendBufferSize: 's', receiveBlockList: {}, sendBlockList: {}, type: 'bad', lookup: 'l', signal: 'a' };
  const right = { recvBufferSize: 0, sendBufferSize: 0, receiveBlockList: null, sendBlockList: null, type: 'udp4', lookup: undefined, signal: undefined };
  for (const key of Object.keys(wrong)) {
    t.call(`before ${key}`, () => t.socket('socket', { ...wrong }));
    wrong[key] = right[key];
  }
  t.call('all right', () => t.socket('socket', wrong));
}, { least: 8 });

differential('B2 createSocket throws what a getter of the options throws', async (t) => {
  for (const key of ['type', 'lookup', 'recvBufferSize', 'sendBufferSize', 'signal', 'reuseAddr', 'reusePort', 'ipv6Only']) {
    const options = { type: 'udp4', get [key]() { throw new Error(`${key} was read`); } };
    t.call(key, () => t.socket('socket', options));
  }
}, { least: 8 });

differential('B3 the channel udp.socket publishes each socket while it has a subscriber', async (t) => {
  const hear = ({ socket, ...rest }) => {
    t.name('heard', socket);
    t.note('heard', socket.type, Object.keys(rest), socket.listenerCount('message'));
  };
  t.socket('silent');
  diagnostics.subscribe('udp.socket', hear);
  t.after(() => diagnostics.unsubscribe('udp.socket', hear));
  t.socket('plain');
  t.socket('with listener', 'udp6', () => {});
  t.call('bad type', () => t.dgram.createSocket('bad'));
  diagnostics.unsubscribe('udp.socket', hear);
  t.socket('silent again');
}, { least: 3 });

differential('B3 an aborted signal closes the socket before the channel publishes it', async (t) => {
  const hear = ({ socket }) => t.call('address when heard', () => socket.address());
  diagnostics.subscribe('udp.socket', hear);
  const socket = t.watch(t.socket('aborted', { type: 'udp4', signal: AbortSignal.abort() }), 'close', 'error', 'listening');
  diagnostics.unsubscribe('udp.socket', hear); // the sockets of the trace itself are not part of the test
  t.call('bind', () => socket.bind());
  t.call('close', () => socket.close());
  await t.once(socket, 'close');
  await t.turns();
}, { least: 4 });

differential('B4 type is an own, enumerable property', async (t) => {
  for (const options of ['udp4', { type: 'udp6' }]) {
    const socket = t.socket('socket', options);
    t.note('type', socket.type, Object.getOwnPropertyDescriptor(socket, 'type'));
    t.note('own keys', Object.keys(socket));
  }
}, { least: 4 });

differential('B4 new without createSocket, and the second argument as a listener', async (t) => {
  const listener = t.name('listener', () => {});
  for (const second of [undefined, listener, 'no function', {}]) {
    const socket = t.name('socket', new t.dgram.Socket('udp4', second));
    t.note('listeners', socket.listeners('message'), socket instanceof t.dgram.Socket);
    t.call('close', () => socket.close());
  }
}, { least: 8 });

differential('B4 Socket is a plain function that can be called on an object', async (t) => {
  const object = t.name('object', Object.create(t.dgram.Socket.prototype));
  t.call('Socket.call', () => t.dgram.Socket.call(object, 'udp4', () => {}));
  t.note('made', object.type, object.listenerCount('message'));
  object.bind(0, '127.0.0.1');
  await t.once(object, 'listening');
  t.note('bound to', object.address());
  t.call('close', () => object.close());
  await t.once(object, 'close');
  t.call('Socket without new', () => t.dgram.Socket('udp4'));
}, { least: 5 });

differential('B4 subclasses with class and with util.inherits', async (t) => {
  class Modern extends t.dgram.Socket {
    constructor() { super('udp4'); }
  }
  function Old() { t.dgram.Socket.call(this, { type: 'udp6' }); }
  util.inherits(Old, t.dgram.Socket);
  for (const Class of [Modern, Old]) {
    const socket = t.name(Class.name, new Class());
    t.note('is a Socket', socket instanceof t.dgram.Socket, socket instanceof require('node:events'), socket.type);
    t.call('close', () => socket.close());
  }
}, { least: 4 });

differential('B4 the names, lengths and kinds of the methods', async (t) => {
  const { prototype } = t.dgram.Socket;
  for (const name of Object.getOwnPropertyNames(host.Socket.prototype).filter((name) => !name.startsWith('_'))) {
    const { value, enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
    t.note(name, typeof value, value?.length, enumerable, writable, configurable);
  }
  t.note('Socket', typeof t.dgram.Socket, t.dgram.Socket.name, t.dgram.Socket.length, t.dgram.createSocket.length);
  t.note('asyncDispose', typeof prototype[Symbol.asyncDispose]);
  t.note('chain', prototype instanceof require('node:events'), Object.getPrototypeOf(t.dgram.Socket) === require('node:events'));
}, { least: 25 });

differential('B5 aborting closes the socket, and its listener goes with close', async (t) => {
  const control = new AbortController();
  const socket = t.watch(t.socket('socket', { type: 'udp4', signal: control.signal }), 'close');
  t.note('listening to abort', getEventListeners(control.signal, 'abort').length);
  control.abort();
  t.call('address after abort', () => socket.address());
  await t.once(socket, 'close');
  t.note('listening to abort', getEventListeners(control.signal, 'abort').length);
}, { least: 4 });

differential('B5 aborting after close is harmless', async (t) => {
  const control = new AbortController();
  const socket = t.watch(t.socket('socket', { type: 'udp4', signal: control.signal }), 'close', 'error');
  socket.close();
  t.note('before close', getEventListeners(control.signal, 'abort').length);
  t.call('abort between close() and its event', () => control.abort());
  await t.once(socket, 'close');
  t.note('after close', getEventListeners(control.signal, 'abort').length);
  await t.turns();
}, { least: 4 });

differential('B5 aborting while the bind is under way ends it without listening', async (t) => {
  const control = new AbortController();
  const socket = t.watch(t.socket('socket', { type: 'udp4', signal: control.signal }), 'close', 'error', 'listening');
  socket.bind(0, '127.0.0.1', t.callback('bound'));
  control.abort();
  await t.once(socket, 'close');
  await t.turns();
}, { least: 1 });

differential('B73 createSocket may be called with new', async (t) => {
  const socket = t.call('new createSocket', () => t.name('made', new t.dgram.createSocket('udp4')));
  t.note('instance', socket instanceof t.dgram.Socket, socket instanceof host.Socket);
  t.call('close', () => socket.close());
}, { least: 3 });

differential('B73 a socket is an instance of the imported Socket', async (t) => {
  const socket = t.socket('socket');
  const called = t.name('called', Object.create(t.dgram.Socket.prototype));
  t.dgram.Socket.call(called, 'udp4');
  t.note('instances', socket instanceof t.dgram.Socket, socket instanceof host.Socket, called instanceof host.Socket);
  t.note('not instances', {} instanceof t.dgram.Socket, require('node:events').prototype instanceof t.dgram.Socket);
  t.note('constructor', socket.constructor === t.dgram.Socket, Object.prototype.toString.call(socket));
  t.call('close', () => called.close());
}, { least: 4 });

const stateSymbol = (socket) => Object.getOwnPropertySymbols(socket).find(({ description }) => /^(state symbol|kStateSymbol)$/.test(description));

differential('B74 the state is a property of the socket under a symbol', async (t) => {
  const socket = t.socket('socket', { type: 'udp4', reuseAddr: true, ipv6Only: false, recvBufferSize: 9000 });
  const state = socket[stateSymbol(socket)];
  const show = (when) => {
    const { handle, receiving, bindState, connectState, queue } = state;
    t.note(when, { handle: typeof handle, isNull: handle === null, receiving, bindState, connectState, queue: typeof queue });
  };
  t.note('keys', ['handle', 'receiving', 'bindState', 'connectState', 'queue'].every((key) => key in state));
  t.note('options', state.reuseAddr, state.reusePort, state.ipv6Only, state.recvBufferSize, state.sendBufferSize);
  show('made');
  socket.bind(0, '127.0.0.1');
  show('binding');
  await t.once(socket, 'listening');
  show('bound');
  socket.connect(9, '127.0.0.1');
  show('connecting');
  await t.once(socket, 'connect');
  show('connected');
  socket.disconnect();
  show('disconnected');
  socket.close();
  show('closed');
}, { least: 9 });

differential('B74 the handle has the methods that tools replace', async (t) => {
  const socket = await t.bound('socket');
  const { handle } = socket[stateSymbol(socket)];
  for (const name of ['lookup', 'bind', 'send', 'close', 'hasRef', 'ref', 'unref', 'onmessage', 'getsockname', 'getAsyncId']) {
    t.note(name, typeof handle[name]);
  }
  t.note('fd', Number.isInteger(handle.fd) && handle.fd > 2);
  t.note('hasRef', handle.hasRef(), socket.unref() === socket && handle.hasRef(), socket.ref() === socket && handle.hasRef());
  t.call('close', () => socket.close());
  t.note('hasRef when closed', handle.hasRef());
}, { least: 12 });

differential('B74 bind, connect and send use a replaced handle.lookup', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = t.socket('socket');
  const { handle } = socket[stateSymbol(socket)];
  handle.lookup = (address, callback) => {
    t.note('lookup', address);
    process.nextTick(callback, null, '127.0.0.1', 4);
  };
  socket.bind(0, 'one.example');
  await t.once(socket, 'listening');
  t.note('bound to', socket.address().address);
  const heard = t.once(peer, 'message');
  await t.sent('sent', socket, 'hello', peer.address().port, 'two.example');
  t.note('heard', (await heard)[0]);
  socket.connect(peer.address().port, 'three.example');
  await t.once(socket, 'connect');
  t.note('connected to', socket.remoteAddress().address);
}, { least: 7 });

differential('B74 an error of a replaced handle.bind is an error of bind', async (t) => {
  const socket = t.watch(t.socket('socket'), 'listening', 'error');
  const { handle } = socket[stateSymbol(socket)];
  handle.bind = (...values) => {
    t.note('handle.bind', ...values);
    return -13;
  };
  socket.bind(0, '127.0.0.1');
  await t.turns();
}, { least: 2 });

differential('B74 an error of a replaced handle.send is an error of send', async (t) => {
  const socket = await t.bound('socket');
  const { handle } = socket[stateSymbol(socket)];
  handle.send = () => -13;
  await t.sent('callback', socket, 'hello', 9, '127.0.0.1');
  t.watch(socket, 'error');
  t.call('without callback', () => socket.send('hello', 9, '127.0.0.1'));
  await t.turns();
}, { least: 2 });

differential('B74 a replaced handle.onmessage gets errors as numbers', async (t) => {
  const socket = t.watch(await t.bound('socket'), 'error', 'message');
  const { handle } = socket[stateSymbol(socket)];
  handle.onmessage(-111, handle, null, null);
  handle.onmessage(3, handle, Buffer.from('abc'), { address: '127.0.0.1', family: 'IPv4', port: 53 });
}, { least: 2 });

differential('B74 the deprecated accessors of the host exist', async (t) => {
  const socket = t.socket('socket');
  for (const name of ['_handle', '_receiving', '_bindState', '_queue', '_reuseAddr', '_healthCheck', '_stopReceiving']) {
    t.note(name, name in socket);
  }
  t.note('_createSocketHandle', typeof t.dgram._createSocketHandle);
}, { least: 8 });
