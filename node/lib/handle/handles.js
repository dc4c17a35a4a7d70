'use strict';
// A bare UDP handle for programs that make descriptors with the host's internal class. Node has one of its own; Deno's
// has no descriptor, and Bun has none at all.

const { Bare } = require('./raw-handle.js');

const EBADF = -require('node:os').constants.errno.EBADF;

class UDP {
  #native;
  #fd = -1;

  #bindTo(type, address, port) {
    this.#native = new Bare(type);
    return this.#native.bind(address, port);
  }

  bind(address, port) {
    return this.#bindTo('udp4', address, port);
  }

  bind6(address, port) {
    return this.#bindTo('udp6', address, port);
  }

  /** One more descriptor, which belongs to whoever asks. */
  get fd() {
    if (this.#fd < 0 && this.#native !== undefined) this.#fd = this.#native.duplicate();
    return this.#fd;
  }

  getsockname(out) {
    const address = this.#native?.address() ?? EBADF;
    if (typeof address === 'number') return address;
    Object.assign(out, address);
    return 0;
  }

  close() {
    this.#native?.close();
  }
}

module.exports = { UDP };
