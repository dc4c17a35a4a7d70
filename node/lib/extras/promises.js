'use strict';
// heliogram/promises: a socket whose operations are promises. It wraps a dgram.Socket; received messages are queued until
// receive() or a loop takes them.

const { promisify } = require('node:util');
const { createSocket: createEmitter, Socket: EventSocket } = require('../dgram/socket.js');
const { within } = require('../common/cancellation.js');
const { Inbox, checkedLimits } = require('./message-queue.js');
const { sendDatagram } = require('./web-streams.js');
const { UNBOUND, BOUND, handleOf, healthCheck } = require('../dgram/state.js');
const { kState } = require('../runtime/index.js');
const { ERR_SOCKET_DGRAM_NOT_RUNNING } = require('../common/errors.js');
const { validateKeys } = require('../common/validate.js');

/** The options of what waits. */
const WAIT_KEYS = ['signal', 'timeout'];

const isObject = (value) => value !== null && typeof value === 'object';

const sendMany = promisify((socket, ...args) => socket.sendMany(...args));

/** What stands before the options, and the options, which may stand in the place of arguments that are left out. */
function withOptions(args) {
  const at = args.findLastIndex(isObject);
  return at < 0 ? [args, {}] : [args.slice(0, at), args[at]];
}

/** The send options among the options, if there are any. */
function sendOptionsOf({ signal: _signal, timeout: _timeout, ...options }) {
  return Object.keys(options).length > 0 ? options : undefined;
}

class Socket {
  #socket;
  #inbox;
  #bound;
  #binding;
  #underWay = new Set();

  constructor(options) {
    const given = isObject(options) ? options : { type: options };
    const limits = checkedLimits(given);
    this.#socket = createEmitter(given);
    this.#inbox = new Inbox(this.#socket, limits);
    this.#socket.on('message', (message, rinfo) => this.#inbox.putMessage(message, rinfo));
    this.#socket.on('listening', () => this.#endBind((binding) => binding.resolve(this.#socket.address())));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#end());
  }

  get socket() {
    return this.#socket;
  }

  bind(...args) {
    const [[port, address], options] = withOptions(args);
    return this.#promise(options, () => this.#bind({ port, address, ...options }));
  }

  connect(...args) {
    const [[port, address], options] = withOptions(args);
    return this.#promise(options, async () => {
      validateKeys(options, WAIT_KEYS, 'options');
      await this.#whenBound();
      healthCheck(this.#socket);
      await promisify((callback) => this.#socket.connect(port, address, callback))();
    });
  }

  send(message, ...args) {
    const [[port, address], options] = withOptions(args);
    return this.#promise(options, async () => {
      await this.#whenBound();
      return promisify(sendDatagram)(this.#socket, { message, port, address, options: sendOptionsOf(options) });
    });
  }

  sendMany(messages, ...args) {
    const [[port, address], options] = withOptions(args);
    return this.#promise(options, async () => {
      await this.#whenBound();
      return sendMany(this.#socket, messages, port, address, sendOptionsOf(options));
    });
  }

  receive(options = {}) {
    return within(options, (resolve, reject) => {
      validateKeys(options, WAIT_KEYS, 'options');
      const taken = (value) => (value === undefined ? reject(new ERR_SOCKET_DGRAM_NOT_RUNNING()) : resolve(value));
      return this.#inbox.take(taken, reject);
    });
  }

  async close() {
    await new Promise((resolve) => this.#socket.close(resolve));
  }

  async [Symbol.asyncDispose]() {
    if (handleOf(this.#socket)) await this.close();
  }

  /** What one loop has not read is there for the next. */
  async *[Symbol.asyncIterator]() {
    for (;;) {
      const value = await new Promise((resolve, reject) => this.#inbox.take(resolve, reject));
      if (value === undefined) return;
      yield value;
    }
  }

  /** What `start` promises; the close of the socket breaks the promise. */
  #promise(options, start) {
    return within(options, (resolve, reject) => {
      const forget = () => this.#underWay.delete(reject);
      this.#underWay.add(reject);
      start().then(resolve, reject).finally(forget);
      return forget;
    });
  }

  async #bind(where) {
    const { promise, ...binding } = Promise.withResolvers();
    const before = this.#binding;
    this.#binding = binding; // 'listening' may come before bind() returns
    try {
      this.#socket.bind(where);
    } catch (error) {
      this.#binding = before;
      throw error;
    }
    this.#bound = promise;
    return promise;
  }

  /** The error of a bind rejects the bind's promise, and not that of receive(). */
  async #whenBound() {
    const state = this.#socket[kState];
    if (state.bindState === UNBOUND) await this.#bind({ port: 0, exclusive: true });
    else if (state.bindState !== BOUND) await this.#bound;
  }

  #endBind(settle) {
    const binding = this.#binding;
    this.#binding = undefined;
    if (binding) settle(binding);
  }

  #fail(error) {
    if (this.#binding) this.#endBind((binding) => binding.reject(error));
    else this.#inbox.putError(error);
  }

  #end() {
    this.#inbox.end();
    this.#endBind((binding) => binding.reject(new ERR_SOCKET_DGRAM_NOT_RUNNING()));
    for (const reject of this.#underWay) reject(new ERR_SOCKET_DGRAM_NOT_RUNNING());
  }
}

/** What needs no waiting is the wrapped socket's. */
const DELEGATED = [
  'address', 'remoteAddress', 'disconnect', 'ref', 'unref', 'pause', 'resume', 'isPaused', 'stats',
  ...Object.getOwnPropertyNames(EventSocket.prototype).filter((name) => /^([gs]et[A-Z]|(add|drop)\w*Membership$|bindToDevice$|(join|leave)Group$)/.test(name)),
];

for (const name of DELEGATED) {
  const method = function (...args) {
    const result = this.socket[name](...args);
    return result === this.socket ? this : result;
  };
  Object.defineProperty(Socket.prototype, name, { value: method, writable: true, configurable: true });
}

function createSocket(options) {
  return new Socket(options);
}

module.exports = { createSocket, Socket };
