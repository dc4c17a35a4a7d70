'use strict';
// heliogram/unix-dgram: the API of npm's package unix-dgram, whose events and callbacks are synchronous. A message that a
// connected peer's full queue refuses is not queued: 'congestion' gives it back, and 'writable' says when to try again.

const { EventEmitter } = require('node:events');
const { createSocket: createDgramSocket } = require('../dgram/socket.js');
const { EAGAIN, UnixHandle } = require('./handle.js');
const { slice, validateString } = require('../common/validate.js');
const { ERR_SOCKET_BAD_TYPE, ERR_SOCKET_DGRAM_NOT_RUNNING } = require('../common/errors.js');

/** The package's errors have the system's number as their code: `send -111`. */
function errnoError(errno, syscall) {
  return Object.assign(new Error(`${syscall} ${errno}`), { errno, code: errno, syscall });
}

const congestionError = () => Object.assign(new Error('congestion'), { code: 1 });

class Socket extends EventEmitter {
  #handle;

  constructor(type, listener) {
    super();
    if (type !== 'unix_dgram') throw new ERR_SOCKET_BAD_TYPE();
    this.#handle = new UnixHandle({ unlink: false }, {
      onmessage: (message, rinfo) => this.emit('message', message, { ...rinfo, path: rinfo.address }),
      onerror: (error) => this.emit('error', error),
      onwritable: () => this.#writable(),
    });
    this.type = type;
    if (typeof listener === 'function') this.on('message', listener);
  }

  bind(path) {
    if (this.#do('bind', path)) this.emit('listening');
  }

  connect(path) {
    if (!this.#do('connect', path)) return;
    this.connected = true;
    this.emit('connect');
  }

  /** `send(buf[, callback])` to the peer; else as `sendto`. */
  send(message, ...args) {
    if (this.connected) this.#settle(this.#open().send(slice(message, 0, message.length)), message, args[0]);
    else this.sendto(message, ...args);
  }

  sendto(message, offset, length, path, callback) {
    if (this.connected) return this.send(message, callback);
    validateString(path, 'path');
    return this.#settle(this.#open().send(slice(message, offset, length), path), message, callback);
  }

  send_to(...args) {
    this.sendto(...args);
  }

  close() {
    this.#open();
    this.#handle.close();
  }

  ref() {
    this.#handle.native?.reference(true);
  }

  unref() {
    this.#handle.native?.reference(false);
  }

  #open() {
    if (this.#handle.native === undefined) throw new ERR_SOCKET_DGRAM_NOT_RUNNING();
    return this.#handle;
  }

  /** Calls the addon; whether that succeeded. */
  #do(call, path) {
    validateString(path, 'path');
    const outcome = this.#open()[call](path);
    if (outcome >= 0) this.#handle.read();
    else this.emit('error', errnoError(outcome, call));
    return outcome >= 0;
  }

  /** A full queue of the peer is the callback's error, and without a callback an event. */
  #settle(outcome, message, callback) {
    if (outcome === EAGAIN && this.connected) this.#handle.awaitWritable(true);
    if (typeof callback === 'function') {
      if (outcome === EAGAIN) callback(congestionError());
      else if (outcome < 0) callback(errnoError(outcome, 'send'));
      else callback();
    } else if (outcome === EAGAIN) {
      this.emit('congestion', message);
    } else if (outcome < 0) {
      this.emit('error', errnoError(outcome, 'send'));
    }
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
