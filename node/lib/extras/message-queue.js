'use strict';
// Messages that a reader has not taken yet, for async iteration, web streams and promises. It is bounded: while
// it is full, receiving is paused, so that the kernel's buffer fills and the kernel drops, as for any slow reader.

const { gateOf } = require('./pause.js');
const { validateCount } = require('../common/validate.js');

/** Messages and bytes that may wait for the reader, unless the program says otherwise. */
const HIGH_WATER_MARK = 256;
const HIGH_WATER_MARK_BYTES = 1 << 20;

/** The bounds among a program's options. */
function checkedLimits({ highWaterMark = HIGH_WATER_MARK, highWaterMarkBytes = HIGH_WATER_MARK_BYTES }) {
  validateCount(highWaterMark, 'options.highWaterMark', 1);
  validateCount(highWaterMarkBytes, 'options.highWaterMarkBytes', 1);
  return { highWaterMark, highWaterMarkBytes };
}

class Inbox {
  #gate;
  #limits;
  #items = [];
  #bytes = 0;
  #takers = [];
  #hasEnded = false;

  constructor(socket, limits) {
    this.#gate = gateOf(socket);
    this.#limits = limits;
  }

  get isWaitedFor() {
    return this.#takers.length > 0;
  }

  putMessage(message, rinfo) {
    this.#put({ value: { message, rinfo }, size: message.length });
  }

  putError(error) {
    this.#put({ error, size: 0 });
  }

  /** Nothing follows: waiting takers get `undefined`, and this reader no longer pauses the socket. */
  end() {
    this.#hasEnded = true;
    this.#gate.open(this);
    for (const taker of this.#takers.splice(0)) taker.resolve(undefined);
  }

  /** The reader is gone: what it has not taken is dropped. */
  discard() {
    this.end();
    this.#items.length = 0;
  }

  /** Calls `resolve` with the next message, or with undefined at the end; answers a function that takes the wish back. */
  take(resolve, reject) {
    const taker = { resolve, reject };
    if (this.#items.length > 0) this.#serve(taker, this.#remove());
    else if (this.#hasEnded) resolve(undefined);
    else this.#takers.push(taker);
    return () => this.#forget(taker);
  }

  #put(item) {
    if (this.#hasEnded) return;
    if (this.isWaitedFor) {
      this.#serve(this.#takers.shift(), item);
      return;
    }
    this.#items.push(item);
    this.#bytes += item.size;
    if (this.#isAbove(1)) this.#gate.shut(this);
  }

  #remove() {
    const item = this.#items.shift();
    this.#bytes -= item.size;
    if (!this.#isAbove(2)) this.#gate.open(this);
    return item;
  }

  #serve(taker, { value, error }) {
    if (error === undefined) taker.resolve(value);
    else taker.reject(error);
  }

  #forget(taker) {
    const at = this.#takers.indexOf(taker);
    if (at >= 0) this.#takers.splice(at, 1);
  }

  /** Whether the queue is fuller than 1/parts of its bounds; receiving resumes below a half. */
  #isAbove(parts) {
    const { highWaterMark, highWaterMarkBytes } = this.#limits;
    return this.#items.length * parts >= highWaterMark || this.#bytes * parts >= highWaterMarkBytes;
  }
}

module.exports = { Inbox, checkedLimits };
