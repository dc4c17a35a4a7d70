'use strict';
// `for await (const { message, rinfo } of socket)`, and socket.messages(options).

const { addAbortListener } = require('node:events');
const { AbortError } = require('../common/errors.js');
const { Inbox, checkedLimits } = require('./message-queue.js');
const { handleOf } = require('../dgram/state.js');
const { validateAbortSignal, validateKeys, validateObject } = require('../common/validate.js');

/** What the language's own async iterators inherit from. */
const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype);

/** Listens from the moment that it is made; ends with the socket or the first error, when all before that is read. */
class MessageIterator {
  #inbox;
  #detach = [];

  constructor(socket, limits, signal) {
    this.#inbox = new Inbox(socket, limits);
    if (handleOf(socket) === null) this.#inbox.end();
    else this.#attach(socket, signal);
  }

  async next() {
    const value = await new Promise((resolve, reject) => this.#inbox.take(resolve, reject));
    return { value, done: value === undefined };
  }

  /** Leaves the socket open, since others may use it. */
  async return(value) {
    this.#end();
    this.#inbox.discard();
    return { value, done: true };
  }

  async throw(error) {
    await this.return();
    throw error;
  }

  #attach(socket, signal) {
    this.#listen(socket, 'message', (message, rinfo) => this.#inbox.putMessage(message, rinfo));
    this.#listen(socket, 'error', (error) => this.#fail(error));
    this.#listen(socket, 'close', () => this.#end());
    if (signal === undefined) return;
    const listening = addAbortListener(signal, () => this.#fail(new AbortError(signal.reason)));
    this.#detach.push(() => listening[Symbol.dispose]());
  }

  #listen(socket, event, listener) {
    socket.on(event, listener);
    this.#detach.push(() => socket.removeListener(event, listener));
  }

  #fail(error) {
    this.#inbox.putError(error);
    this.#end();
  }

  #end() {
    for (const detach of this.#detach.splice(0)) detach();
    this.#inbox.end();
  }
}

Object.setPrototypeOf(MessageIterator.prototype, AsyncIteratorPrototype);

function messages(options = {}) {
  validateObject(options, 'options');
  validateKeys(options, ['signal', 'highWaterMark', 'highWaterMarkBytes'], 'options');
  const { signal } = options;
  if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
  if (signal?.aborted) throw new AbortError(signal.reason);
  return new MessageIterator(this, checkedLimits(options), signal);
}

module.exports = { messages };
