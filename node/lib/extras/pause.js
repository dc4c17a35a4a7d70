'use strict';
// pause() and resume() of receiving. What is read from the kernel by then, and not delivered, stays with the native half.

const { kState } = require('../runtime/index.js');

/** Who wants a socket to read nothing: the program, and readers that have enough. It reads on when nobody does. */
class Gate {
  #state;
  #keepers = new Set();

  constructor(state) {
    this.#state = state;
  }

  isShutBy(keeper) {
    return this.#keepers.has(keeper);
  }

  shut(keeper) {
    if (this.#state.running === null) return;
    this.#keepers.add(keeper);
    this.#state.own.rest(true);
  }

  open(keeper) {
    const wasShut = this.#keepers.delete(keeper);
    if (wasShut && this.#keepers.size === 0 && this.#state.running !== null) this.#state.own.rest(false);
  }
}

function gateOf(socket) {
  const state = socket[kState];
  return (state.gate ??= new Gate(state));
}

function pause() {
  gateOf(this).shut(this);
  return this;
}

function resume() {
  gateOf(this).open(this);
  return this;
}

function isPaused() {
  return this[kState].gate?.isShutBy(this) ?? false;
}

module.exports = { gateOf, isPaused, pause, resume };
