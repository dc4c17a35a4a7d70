'use strict';
// createSocket('unix_dgram'): datagrams between processes of one host, with the API of UDP sockets. An address is a path,
// or an abstract name behind a NUL.

const { EventEmitter } = require('node:events');
const { promisify } = require('node:util');
const { EAGAIN, UnixHandle, errorOf } = require('./handle.js');
const { closeOnAbort } = require('../common/cancellation.js');
const { messageList, slice, validateAbortSignal, validateFunction, validateKeys, validateString, validateUint32 } = require('../common/validate.js');
const {
  ErrnoException, ERR_SOCKET_ALREADY_BOUND, ERR_SOCKET_DGRAM_IS_CONNECTED, ERR_SOCKET_DGRAM_NOT_CONNECTED,
  ERR_SOCKET_DGRAM_NOT_RUNNING,
} = require('../common/errors.js');
const process = require('../runtime/process.js');

const TYPE = 'unix_dgram';

const KEYS = ['type', 'replaceStale', 'unlink', 'receiveCredentials', 'recvBufferSize', 'sendBufferSize', 'signal'];

/** The path among the arguments of `bind` and `connect`: itself, or an option. */
function pathOf(where) {
  const isObject = typeof where === 'object' && where !== null;
  if (isObject) validateKeys(where, ['path'], 'options');
  const path = isObject ? where.path : where;
  validateString(path, 'path');
  return path;
}

/** The message as one buffer. */
function bytesOf(message) {
  const list = messageList(message);
  return list.length === 1 ? list[0] : Buffer.concat(list);
}

class UnixSocket extends EventEmitter {
  #handle;
  #isBound = false;
  #isConnected = false;
  #waiting = []; // sends while the peer's queue is full

  constructor(options, listener) {
    super();
    validateKeys(options, KEYS, 'options');
    const { signal, receiveCredentials, recvBufferSize, sendBufferSize } = options;
    if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
    this.#handle = new UnixHandle(options, {
      onmessage: (message, rinfo) => this.emit('message', message, rinfo),
      onerror: (error) => this.emit('error', error),
      onwritable: () => this.#flush(),
    });
    this.type = TYPE;
    if (typeof listener === 'function') this.on('message', listener);
    if (receiveCredentials) this.setReceiveCredentials(true);
    if (recvBufferSize) this.setRecvBufferSize(recvBufferSize);
    if (sendBufferSize) this.setSendBufferSize(sendBufferSize);
    if (signal !== undefined) closeOnAbort(this, signal, () => this.#handle.native !== undefined);
  }

  bind(where, callback) {
    const path = pathOf(where);
    this.#running();
    if (this.#isBound) throw new ERR_SOCKET_ALREADY_BOUND();
    if (typeof callback === 'function') this.once('listening', callback);
    const outcome = this.#handle.bind(path);
    if (outcome < 0) {
      if (typeof callback === 'function') this.off('listening', callback);
      this.#later(() => this.emit('error', errorOf(outcome, 'bind', path)));
      return this;
    }
    this.#isBound = true;
    this.#handle.read();
    this.#later(() => this.emit('listening'));
    return this;
  }

  connect(where, callback) {
    const path = pathOf(where);
    if (callback !== undefined) validateFunction(callback, 'callback');
    this.#running();
    if (this.#isConnected) throw new ERR_SOCKET_DGRAM_IS_CONNECTED();
    const outcome = this.#handle.connect(path);
    if (outcome < 0) {
      const error = errorOf(outcome, 'connect', path);
      this.#later(() => (callback ? callback(error) : this.emit('error', error)));
      return;
    }
    this.#isConnected = true;
    if (callback) this.once('connect', callback);
    this.#handle.read();
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
    const where = hasPart ? args.slice(2) : args;
    const path = typeof where[0] === 'function' ? undefined : (where.shift() ?? undefined);
    if (path !== undefined) validateString(path, 'path');
    const [callback] = where;
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
    const outcome = this.#handle.close();
    this.#drop(() => new ERR_SOCKET_DGRAM_NOT_RUNNING());
    process.nextTick(() => {
      if (outcome < 0) this.emit('error', errorOf(outcome, 'unlink', path));
      this.emit('close');
    });
    return this;
  }

  async [Symbol.asyncDispose]() {
    if (this.#handle.native) await promisify(this.close).call(this);
  }

  ref() {
    this.#handle.native?.reference(true);
    return this;
  }

  unref() {
    this.#handle.native?.reference(false);
    return this;
  }

  #running() {
    if (this.#handle.native === undefined) throw new ERR_SOCKET_DGRAM_NOT_RUNNING();
    return this.#handle.native;
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
      if (this.#handle.native) emit();
    });
  }

  /** Only a connected socket becomes writable when the peer's queue has space. */
  #send(bytes, path, callback) {
    const outcome = this.#waiting.length > 0 && path === undefined ? EAGAIN : this.#handle.send(bytes, path);
    if (outcome !== EAGAIN || path !== undefined) {
      this.#settle(outcome, path, callback);
      return;
    }
    this.#waiting.push({ bytes, callback });
    this.#handle.awaitWritable(true);
  }

  #flush() {
    while (this.#waiting.length > 0) {
      const { bytes, callback } = this.#waiting[0];
      const outcome = this.#handle.send(bytes);
      if (outcome === EAGAIN) return;
      this.#waiting.shift();
      this.#settle(outcome, undefined, callback);
    }
    this.#handle.awaitWritable(false);
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
    if (this.#handle.native) this.#handle.awaitWritable(false);
  }

}

const createUnixSocket = (given, listener) => new UnixSocket(given === TYPE ? {} : given, listener);

module.exports = { UnixSocket, createUnixSocket };
