'use strict';
// A socket of the native side with nothing around it, for those who want its descriptor: other processes, and the places
// where a runtime keeps sockets of its own.

const environment = require('../bridge/env.js');
const gathering = require('../bridge/send-batch.js');
const { openFlags } = require('./open-flags.js');

class RawHandle {
  #number;
  #native;

  /** Others read its datagrams, who cannot take GRO packets apart. */
  constructor(type, options = {}) {
    this.#number = environment.open(type, openFlags({ ...options, offload: false }));
    this.#native = environment.half(this.#number);
  }

  /** 0, or a negative number of the system's. */
  bind(address, port) {
    environment.calls.beginBind(this.#number);
    return Math.min(environment.calls.bind(this.#number, gathering.destination(address), port), 0);
  }

  /** Takes over a copy of a descriptor; as `bind`, or a text that says what it is instead of a UDP socket. */
  adopt(descriptor) {
    environment.calls.beginBind(this.#number);
    return this.#native.adopt(descriptor, true);
  }

  /** One more descriptor, which belongs to whoever asks. */
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
