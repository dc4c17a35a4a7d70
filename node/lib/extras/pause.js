'use strict';
// pause() and resume() of receiving. Messages that are read from the kernel and not yet delivered stay in the addon.

const { kState } = require('../runtime/index.js');

/** The reasons for which a socket is paused: the program, and readers whose queues are full. Without one it receives. */
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
    if (this.#state.openHandle === null) return;
    this.#keepers.add(keeper);
    this.#state.udpHandle.setPaused(true);
  }

  open(keeper) {
    const wasShut = this.#keepers.delete(keeper);
    if (wasShut && this.#keepers.size === 0 && this.#state.openHandle !== null) this.#state.udpHandle.setPaused(false);
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
