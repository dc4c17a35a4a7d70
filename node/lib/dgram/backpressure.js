'use strict';
// The send queue's size: writableNeedDrain, 'drain', and the bounds that a program may set. A datagram is queued for the
// bind, for its look-up, or while the kernel's buffer is full. Only sockets whose program asks for it count.

const { kState } = require('../runtime/index.js');
const { HeliogramError } = require('../common/heliogram-error.js');
const { validateCount } = require('../common/validate.js');
const process = require('../runtime/process.js');

/** Bytes that may wait before writableNeedDrain says so, unless the program says otherwise. */
const HIGH_WATER_MARK = 65_536;

/** The bounds that were given as options. */
function checked(bounds) {
  for (const [option, value] of Object.entries(bounds)) {
    if (value !== undefined && value !== Infinity) validateCount(value, `options.${option}`, 0);
  }
  return bounds;
}

class Pressure {
  size = 0;
  count = 0;
  needsDrain = false;
  #socket;
  #bounds;
  #waiters = [];

  constructor(socket, bounds = {}) {
    const { writableHighWaterMark = HIGH_WATER_MARK, maxSendQueueSize = Infinity, maxSendQueueCount = Infinity } = bounds;
    this.#socket = socket;
    this.#bounds = { writableHighWaterMark, maxSendQueueSize, maxSendQueueCount };
  }

  /** The error if these datagrams exceed the bounds, or undefined. */
  refuses(size, count = 1) {
    const { maxSendQueueSize, maxSendQueueCount } = this.#bounds;
    const fits = this.size + size <= maxSendQueueSize && this.count + count <= maxSendQueueCount;
    if (fits) return undefined;
    return new HeliogramError('ERR_HELIOGRAM_SEND_QUEUE_FULL', `The send queue is full: ${this.count} datagrams, ${this.size} bytes`);
  }

  add(size, count = 1) {
    this.count += count;
    this.size += size;
    if (this.size >= this.#bounds.writableHighWaterMark) this.needsDrain = true;
  }

  remove(size, count = 1) {
    this.count -= count;
    this.size -= size;
    if (this.count === 0) process.nextTick(() => this.#drained());
  }

  /** A send that waits for the bind. If the bind fails, its callback gets the error, unlike in Node. */
  counted(size, action, callback, count = 1) {
    this.add(size, count);
    const go = () => {
      this.remove(size, count);
      action();
    };
    const drop = (error) => {
      this.remove(size, count);
      if (callback) process.nextTick(callback, error);
    };
    return Object.assign(go, { drop });
  }

  /** Called once when nothing waits, or when the socket is closed. */
  whenDrained(callback) {
    if (this.#isOver()) callback();
    else this.#waiters.push(callback);
  }

  /** The socket is closed: nothing waits any more. */
  end() {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  #isOver() {
    return this.count === 0 || this.#socket[kState].openHandle === null;
  }

  /** By now another datagram may wait that had to follow. */
  #drained() {
    if (this.count > 0 || this.#socket[kState].openHandle === null) return;
    this.end();
    if (!this.needsDrain) return;
    this.needsDrain = false;
    this.#socket.emit('drain');
  }
}

function pressureOf(socket) {
  const state = socket[kState];
  return (state.pressure ??= new Pressure(socket));
}

module.exports = { Pressure, checked, pressureOf };
