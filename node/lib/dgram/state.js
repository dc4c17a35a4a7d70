'use strict';
// What the methods of a socket share: its state, under the host's own symbol, and the sends and connects that wait for
// its bind.

const { errorMonitor } = require('node:events');
const { kState } = require('../runtime/index.js');
const { ERR_SOCKET_DGRAM_NOT_RUNNING } = require('../common/errors.js');
const hostHandles = require('../handle/host-handle.js');

const UNBOUND = 0;
const BOUND = 2;
const DISCONNECTED = 0;

/** Shows the native state under the names that the host's sockets use. */
class State {
  #handle;
  #closed = false;

  constructor(handle) {
    this.#handle = handle;
    this.receiving = false;
    this.queue = undefined;
  }

  /** Keeps the options that the program has given; the others cost no memory. */
  take(options) {
    for (const name in options) if (options[name] !== undefined) this[name] = options[name];
  }

  /** For programs: a handle of the host's class; null once the socket is closed. */
  get handle() {
    return this.#closed ? null : hostHandles.of(this.#handle);
  }

  set handle(handle) {
    if (handle === null) this.#closed = true;
  }

  /** The socket's handle, also after the close. */
  get udpHandle() {
    return this.#handle;
  }

  /** The handle that methods are called on; null once the socket is closed. */
  get openHandle() {
    return this.#closed ? null : this.#handle.publicHandle;
  }

  get bindState() {
    return this.#handle.bindState;
  }

  get connectState() {
    return this.#handle.connectState;
  }
}

/** The handle to call a method on; calling one on the null of a closed socket is a TypeError, as on the host's sockets. */
function handleOf(socket) {
  return socket[kState].openHandle;
}

function healthCheck(socket) {
  if (handleOf(socket) === null) throw new ERR_SOCKET_DGRAM_NOT_RUNNING();
}

/** Waits for the bind. If the bind fails, what waits is dropped, as in Node: callbacks do not run, a close is lost. */
function enqueue(socket, action) {
  const state = socket[kState];
  if (state.queue === undefined) {
    state.queue = [];
    socket.once(errorMonitor, dropQueue);
    socket.once('listening', runQueue);
  }
  state.queue.push(action);
}

/** Calls `drop` of the actions that have one: those that are counted. */
function dropQueue(error) {
  this.removeListener('listening', runQueue);
  const state = this[kState];
  const { queue } = state;
  state.queue = undefined;
  for (const action of queue) action.drop?.(error);
}

function runQueue() {
  this.removeListener(errorMonitor, dropQueue);
  const state = this[kState];
  const { queue } = state;
  state.queue = undefined;
  for (const action of queue) action();
}

/** Binds an unbound socket, as sends and connects do by themselves; whether it is bound by now. */
function bindImplicitly(socket) {
  const state = socket[kState];
  if (state.bindState === UNBOUND) socket.bind({ port: 0, exclusive: true }, null);
  return state.bindState === BOUND;
}

module.exports = { State, UNBOUND, BOUND, bindImplicitly, DISCONNECTED, enqueue, handleOf, healthCheck };
