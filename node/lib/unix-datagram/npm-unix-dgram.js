'use strict';
// heliogram/unix-dgram: the API of npm's package unix-dgram, whose events and callbacks are synchronous. A message that a
// connected peer's full queue refuses is not queued: 'congestion' gives it back, and 'writable' says when to try again.

const { EventEmitter } = require('node:events');
const { createSocket: createDgramSocket } = require('../dgram/socket.js');
const { EAGAIN, UnixHandle, errorOf } = require('./handle.js');
const { slice, validateFunction, validateString } = require('../common/validate.js');
const { ERR_SOCKET_BAD_TYPE, ERR_SOCKET_DGRAM_NOT_RUNNING } = require('../common/errors.js');

class Socket extends EventEmitter {
  #handle;
  #isConnected = false;

  constructor(type, listener) {
    super();
    if (type !== 'unix_dgram') throw new ERR_SOCKET_BAD_TYPE();
    this.#handle = new UnixHandle({ unlink: false }, {
      onmessage: (message, rinfo) => this.emit('message', message, rinfo),
      onerror: (error) => this.emit('error', error),
      onwritable: () => this.#writable(),
    });
    this.type = type;
    if (typeof listener === 'function') this.on('message', listener);
  }

  bind(path) {
    this.#do('bind', path, 'listening');
  }

  connect(path) {
    this.#isConnected = this.#do('connect', path, 'connect') || this.#isConnected;
  }

  /** `send(buf[, callback])` to the peer; else as `sendto`. */
  send(message, ...args) {
    if (!this.#isConnected) {
      this.sendto(message, ...args);
      return;
    }
    const [callback] = args;
    this.#settle(this.#running().send(slice(message, 0, message.length)), { message, callback });
  }

  sendto(message, offset, length, path, callback) {
    validateString(path, 'path');
    this.#settle(this.#running().send(slice(message, offset, length), path), { path, callback });
  }

  send_to(...args) {
    this.sendto(...args);
  }

  close() {
    this.#running();
    this.#handle.close();
  }

  ref() {
    this.#handle.native?.reference(true);
  }

  unref() {
    this.#handle.native?.reference(false);
  }

  #running() {
    if (this.#handle.native === undefined) throw new ERR_SOCKET_DGRAM_NOT_RUNNING();
    return this.#handle.native;
  }

  #do(call, path, event) {
    validateString(path, 'path');
    const outcome = this.#running()[call](path);
    if (outcome >= 0) this.#handle.read();
    if (outcome < 0) this.emit('error', errorOf(outcome, call, path));
    else this.emit(event);
    return outcome >= 0;
  }

  #settle(outcome, { message, path, callback }) {
    if (callback !== undefined) validateFunction(callback, 'callback');
    if (outcome === EAGAIN && message !== undefined) {
      this.#handle.awaitWritable(true);
      this.emit('congestion', message);
      return;
    }
    const error = outcome < 0 ? errorOf(outcome, 'send', path) : undefined;
    if (callback) callback(error);
    else if (error) this.emit('error', error);
  }

  #writable() {
    this.#handle.awaitWritable(false);
    this.emit('writable');
  }
}

/** As in the package, the other types are those of dgram. */
function createSocket(type, listener) {
  return type === 'udp4' || type === 'udp6' ? createDgramSocket(type, listener) : new Socket(type, listener);
}

module.exports = { createSocket, Socket };
