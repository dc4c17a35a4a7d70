'use strict';
// Sockets of type 'unix_dgram': datagrams between processes of one host, with the manners of the other sockets. Where
// those have a port and an address, these have a path, or an abstract name behind a NUL.

const { EventEmitter } = require('node:events');
const { promisify } = require('node:util');
const { EAGAIN, Local, errorOf } = require('./handle.js');
const { closeOnAbort } = require('../common/cancellation.js');
const { messageList, slice, validateAbortSignal, validateFunction, validateString, validateUint32 } = require('../common/validate.js');
const {
  ErrnoException, ERR_SOCKET_ALREADY_BOUND, ERR_SOCKET_DGRAM_IS_CONNECTED, ERR_SOCKET_DGRAM_NOT_CONNECTED,
  ERR_SOCKET_DGRAM_NOT_RUNNING,
} = require('../common/errors.js');

const TYPE = 'unix_dgram';

/** The path among the arguments of `bind` and `connect`: itself, or an option. */
function pathOf(where) {
  const path = typeof where === 'object' && where !== null ? where.path : where;
  validateString(path, 'path');
  return path;
}

/** One buffer, since the native side takes one. */
function bytesOf(message) {
  const list = messageList(message);
  return list.length === 1 ? list[0] : Buffer.concat(list);
}

class UnixSocket extends EventEmitter {
  #local;
  #isBound = false;
  #isConnected = false;
  #waiting = []; // sends for which the peer had no room

  constructor(options, listener) {
    super();
    const { signal, receiveCredentials, recvBufferSize, sendBufferSize } = options;
    if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
    this.#local = new Local(options, {
      onmessage: (message, rinfo) => this.emit('message', message, rinfo),
      onerror: (error) => this.emit('error', error),
      onwritable: () => this.#flush(),
    });
    this.type = TYPE;
    if (typeof listener === 'function') this.on('message', listener);
    if (receiveCredentials) this.setReceiveCredentials(true);
    if (recvBufferSize) this.setRecvBufferSize(recvBufferSize);
    if (sendBufferSize) this.setSendBufferSize(sendBufferSize);
    if (signal !== undefined) closeOnAbort(this, signal, () => this.#local.native !== undefined);
  }

  bind(where, callback) {
    const path = pathOf(where);
    const native = this.#running();
    if (this.#isBound) throw new ERR_SOCKET_ALREADY_BOUND();
    if (typeof callback === 'function') this.once('listening', callback);
    const outcome = native.bind(path);
    if (outcome < 0) {
      if (typeof callback === 'function') this.off('listening', callback);
      this.#later(() => this.emit('error', errorOf(outcome, 'bind', path)));
      return this;
    }
    this.#isBound = true;
    this.#local.read();
    this.#later(() => this.emit('listening'));
    return this;
  }

  connect(where, callback) {
    const path = pathOf(where);
    if (callback !== undefined) validateFunction(callback, 'callback');
    const native = this.#running();
    if (this.#isConnected) throw new ERR_SOCKET_DGRAM_IS_CONNECTED();
    const outcome = native.connect(path);
    if (outcome < 0) {
      const error = errorOf(outcome, 'connect', path);
      this.#later(() => (callback ? callback(error) : this.emit('error', error)));
      return;
    }
    this.#isConnected = true;
    if (callback) this.once('connect', callback);
    this.#local.read();
    this.#later(() => this.emit('connect'));
  }

  disconnect() {
    const native = this.#running();
    if (!this.#isConnected) throw new ERR_SOCKET_DGRAM_NOT_CONNECTED();
    this.#check(native.disconnect(), 'disconnect');
    this.#isConnected = false;
    this.#drop(() => new ERR_SOCKET_DGRAM_NOT_CONNECTED());
  }

  /** `send(message[, offset, length][, path][, callback])`. */
  send(message, ...args) {
    const hasPart = typeof args[0] === 'number';
    const bytes = hasPart ? slice(message, args[0], args[1]) : bytesOf(message);
    const rest = hasPart ? args.slice(2) : args;
    const path = typeof rest[0] === 'function' ? undefined : (rest.shift() ?? undefined);
    if (path !== undefined) validateString(path, 'path');
    const [callback] = rest;
    if (callback !== undefined) validateFunction(callback, 'callback');
    this.#running();
    if (path !== undefined && this.#isConnected) throw new ERR_SOCKET_DGRAM_IS_CONNECTED();
    if (path === undefined && !this.#isConnected) throw new ERR_SOCKET_DGRAM_NOT_CONNECTED();
    this.#send(bytes, path, callback);
  }

  address() {
    return this.#place(this.#running().address(), 'getsockname');
  }

  remoteAddress() {
    return this.#place(this.#running().remoteAddress(), 'getpeername');
  }

  setReceiveCredentials(on) {
    this.#check(this.#running().setReceiveCredentials(Boolean(on)), 'setReceiveCredentials');
  }

  getRecvBufferSize() {
    return this.#check(this.#running().bufferSize(0, true), 'getRecvBufferSize');
  }

  setRecvBufferSize(size) {
    validateUint32(size, 'size');
    this.#check(this.#running().bufferSize(size, true), 'setRecvBufferSize');
  }

  getSendBufferSize() {
    return this.#check(this.#running().bufferSize(0, false), 'getSendBufferSize');
  }

  setSendBufferSize(size) {
    validateUint32(size, 'size');
    this.#check(this.#running().bufferSize(size, false), 'setSendBufferSize');
  }

  getSendQueueCount() {
    return this.#waiting.length;
  }

  close(callback) {
    this.#running();
    if (typeof callback === 'function') this.once('close', callback);
    const path = this.#isBound ? this.address().address : undefined;
    const outcome = this.#local.close();
    this.#drop(() => new ERR_SOCKET_DGRAM_NOT_RUNNING());
    process.nextTick(() => {
      if (outcome < 0) this.emit('error', errorOf(outcome, 'unlink', path));
      this.emit('close');
    });
    return this;
  }

  async [Symbol.asyncDispose]() {
    if (this.#local.native) await promisify(this.close).call(this);
  }

  ref() {
    this.#local.native?.reference(true);
    return this;
  }

  unref() {
    this.#local.native?.reference(false);
    return this;
  }

  #running() {
    if (this.#local.native === undefined) throw new ERR_SOCKET_DGRAM_NOT_RUNNING();
    return this.#local.native;
  }

  #check(outcome, syscall) {
    if (outcome < 0) throw new ErrnoException(outcome, syscall);
    return outcome;
  }

  #place(outcome, syscall) {
    if (typeof outcome === 'number') throw new ErrnoException(outcome, syscall);
    return { address: outcome };
  }

  /** Events of a socket that has been closed meanwhile do not come. */
  #later(emit) {
    process.nextTick(() => {
      if (this.#local.native) emit();
    });
  }

  /** The kernel says when the peer of a connected socket has room, and of no other. */
  #send(bytes, path, callback) {
    const outcome = this.#waiting.length > 0 && path === undefined ? EAGAIN : this.#local.native.send(bytes, path);
    if (outcome !== EAGAIN || path !== undefined) {
      this.#settle(outcome, path, callback);
      return;
    }
    this.#waiting.push({ bytes, callback });
    this.#local.awaitRoom(true);
  }

  #flush() {
    while (this.#waiting.length > 0) {
      const { bytes, callback } = this.#waiting[0];
      const outcome = this.#local.native.send(bytes);
      if (outcome === EAGAIN) return;
      this.#waiting.shift();
      this.#settle(outcome, undefined, callback);
    }
    this.#local.awaitRoom(false);
  }

  /** As of other sockets: an error that no callback takes is an event. */
  #settle(outcome, path, callback) {
    const error = outcome < 0 ? errorOf(outcome, 'send', path) : null;
    if (callback) process.nextTick(callback, error, Math.max(outcome, 0));
    else if (error) this.#later(() => this.emit('error', error));
  }

  /** What waits will never leave. */
  #drop(error) {
    for (const { callback } of this.#waiting.splice(0)) if (callback) process.nextTick(callback, error(), 0);
    if (this.#local.native) this.#local.awaitRoom(false);
  }

}

const createUnixSocket = (given, listener) => new UnixSocket(given === TYPE ? {} : given, listener);

module.exports = { UnixSocket, createUnixSocket };
