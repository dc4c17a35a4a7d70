'use strict';
// A native socket without a dgram.Socket, for its descriptor: cluster's primary in Deno, and child.send() in Bun.

const environment = require('../bridge/env.js');
const sendBatch = require('../bridge/send-batch.js');
const { openFlags } = require('./open-flags.js');

class RawHandle {
  #number;
  #native;

  /** Without offload: whoever gets the descriptor cannot take GRO packets apart. */
  constructor(type, options = {}) {
    this.#number = environment.open(type, openFlags({ ...options, offload: false }));
    this.#native = environment.nativeHandleOf(this.#number);
  }

  /** 0 or a negative errno. */
  bind(address, port) {
    environment.calls.beginBind(this.#number);
    return Math.min(environment.calls.bind(this.#number, sendBatch.destination(address), port), 0);
  }

  /** Adopts a duplicate of a descriptor; as `bind`, or the name of the descriptor's type if that is not UDP. */
  adopt(descriptor) {
    environment.calls.beginBind(this.#number);
    return this.#native.adopt(descriptor, true, false);
  }

  /** A duplicate of the descriptor, which the caller closes. */
  duplicate() {
    return this.#native.duplicate();
  }

  address() {
    return this.#native.address();
  }

  close() {
    environment.calls.close(this.#number);
    this.#number = -1;
  }
}

module.exports = { RawHandle };
