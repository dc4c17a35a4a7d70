'use strict';
// class Socket: construction, close, ref and unref. The rules of a socket are in Rust; argument forms, look-up, events and
// error classes are here and in the other files of this folder, one for each topic of Node's documentation.

const { EventEmitter } = require('node:events');
const util = require('node:util');
const diagnostics = require('node:diagnostics_channel');
const host = require('../runtime/index.js');
const { UdpHandle } = require('../handle/udp-handle.js');
const { State, handleOf, healthCheck } = require('./state.js');
const { lookupFor } = require('./lookup.js');
const { bind, bindSync } = require('./bind.js');
const { connect, connectSync, disconnect } = require('./connect.js');
const { send, sendto } = require('./send.js');
const { additions } = require('../extras/prototype.js');
const options = require('./options.js');
const { validateAbortSignal, validateCount, validateFunction, validateUint32 } = require('../common/validate.js');
const { ERR_INVALID_ARG_TYPE, ERR_SOCKET_BAD_TYPE } = require('../common/errors.js');
const process = require('../runtime/process.js');

const { kAsyncId, kOwner, kState } = host;
const channel = diagnostics.channel('udp.socket');

function isBlockList(value) {
  const { BlockList } = require('node:net');
  return BlockList.isBlockList ? BlockList.isBlockList(value) : value instanceof BlockList;
}

function blockList(list, name) {
  if (!list) return undefined;
  if (!isBlockList(list)) throw new ERR_INVALID_ARG_TYPE(name, 'an net.BlockList', list);
  return list;
}

function checkedSize(size, name) {
  if (size) validateUint32(size, name);
  return size;
}

/** The longest time that datagrams may be made to wait for each other, in microseconds. */
const LONGEST_COALESCING = 10_000;

function checkedCoalescing(microseconds) {
  if (microseconds !== undefined) validateCount(microseconds, 'options.receiveCoalescing', 0, LONGEST_COALESCING);
  return microseconds;
}

const checkedSocketOptions = (options) => require('../extras/socket-options.js').checkedSocketOptions(options);

/** The options of a socket of which only the type is given. */
const NO_OPTIONS = Object.freeze({});

/** Whether a Unix datagram socket is meant, which is another class. */
const isUnix = (given) => (given !== null && typeof given === 'object' ? given.type : given) === 'unix_dgram';

/** What is checked before the socket has a handle, in the host's order. */
function checkedOptions(given) {
  return {
    recvBufferSize: checkedSize(given.recvBufferSize, 'options.recvBufferSize'),
    sendBufferSize: checkedSize(given.sendBufferSize, 'options.sendBufferSize'),
    receiveBlockList: blockList(given.receiveBlockList, 'options.receiveBlockList'),
    sendBlockList: blockList(given.sendBlockList, 'options.sendBlockList'),
    reuseAddr: given.reuseAddr,
    reusePort: given.reusePort,
    ipv6Only: given.ipv6Only,
    offload: given.offload,
    pooledBuffers: given.pooledBuffers,
    receiveCoalescing: checkedCoalescing(given.receiveCoalescing),
    socketOptions: given.socketOptions === undefined ? undefined : checkedSocketOptions(given.socketOptions),
  };
}

let pressure; // loaded late: few programs set bounds

/** How much may wait to be sent, or undefined where the program sets no bounds. */
function checkedBounds({ writableHighWaterMark, maxSendQueueSize, maxSendQueueCount }) {
  if (writableHighWaterMark === undefined && maxSendQueueSize === undefined && maxSendQueueCount === undefined) return undefined;
  pressure ??= require('./backpressure.js');
  return pressure.checked({ writableHighWaterMark, maxSendQueueSize, maxSendQueueCount });
}

function newHandle(type, lookup, checked) {
  if (lookup !== undefined) validateFunction(lookup, 'lookup');
  if (type !== 'udp4' && type !== 'udp6') throw new ERR_SOCKET_BAD_TYPE();
  const resolve = lookupFor(type, lookup);
  if (host.mayUseNet()) return new UdpHandle(type, resolve, checked);
  const { DeniedHandle } = require('../handle/denied-handle.js');
  return new DeniedHandle(type, resolve);
}

/** A plain function, as the host's: `new`, and `call` on an object of one's own, both make a socket. */
function Socket(type, listener) {
  EventEmitter.call(this);
  const hasOptions = type !== null && typeof type === 'object';
  const given = hasOptions ? type : { type };
  const checked = hasOptions ? checkedOptions(given) : NO_OPTIONS;
  const bounds = hasOptions ? checkedBounds(given) : undefined;
  const handle = newHandle(given.type, given.lookup, checked);
  handle[kOwner] = this;
  this[kAsyncId] = handle.resource.asyncId();
  this.type = given.type;
  if (typeof listener === 'function') this.on('message', listener);
  this[kState] = new State(handle);
  if (hasOptions) this[kState].take(checked);
  if (bounds !== undefined) this[kState].pressure = new pressure.Pressure(this, bounds);
  if (given.signal !== undefined) {
    validateAbortSignal(given.signal, 'options.signal');
    const { closeOnAbort } = require('../common/cancellation.js');
    closeOnAbort(this, given.signal, () => handleOf(this) !== null);
  }
  if (channel.hasSubscribers) channel.publish({ socket: this });
}

// The host's own modules (child_process) and programs ask whether a socket is an instance of the host's class.
Object.setPrototypeOf(Socket.prototype, host.dgram.Socket.prototype);
Object.setPrototypeOf(Socket, EventEmitter);

/** Makes a socket of the host's an instance of the class, for child_process once node:dgram is ours: it asks for that. */
function acceptHostSockets() {
  const isInstance = Function.prototype[Symbol.hasInstance];
  const value = function (object) {
    return isInstance.call(this === Socket ? host.dgram.Socket : this, object);
  };
  Object.defineProperty(Socket, Symbol.hasInstance, { value, configurable: true });
}

function createSocket(type, listener) {
  if (isUnix(type)) return require('../unix-datagram/socket.js').createUnixSocket(type, listener);
  return new Socket(type, listener);
}

function emitClose(socket) {
  socket.emit('close');
}

function close(callback) {
  const state = this[kState];
  if (typeof callback === 'function') this.on('close', callback);
  if (state.queue !== undefined) {
    state.queue.push(() => this.close());
    return this;
  }
  healthCheck(this);
  const handle = handleOf(this);
  if (state.receiving && handle !== state.udpHandle) handle.recvStop(); // our own stops when it closes
  state.receiving = false;
  handle.close();
  state.handle = null;
  state.pressure?.end();
  process.nextTick(emitClose, this);
  return this;
}

async function dispose() {
  if (handleOf(this)) await util.promisify(this.close).call(this);
}

function ref() {
  handleOf(this)?.ref();
  return this;
}

function unref() {
  handleOf(this)?.unref();
  return this;
}

const { address, remoteAddress, ...setters } = options;
const methods = { bind, bindSync, connect, connectSync, disconnect, sendto, send, close, address, remoteAddress };
const { setRecvBufferSize, setSendBufferSize, getRecvBufferSize, getSendBufferSize, ...others } = setters;
const { getSendQueueSize, getSendQueueCount, ...ofNetwork } = others;
const ofBuffers = { setRecvBufferSize, setSendBufferSize, getRecvBufferSize, getSendBufferSize };
Object.assign(Socket.prototype, methods, ofNetwork, { ref, unref }, ofBuffers, { getSendQueueSize, getSendQueueCount });
Socket.prototype[Symbol.asyncDispose] = dispose;
Object.defineProperties(Socket.prototype, additions);

module.exports = { acceptHostSockets, createSocket, Socket };
