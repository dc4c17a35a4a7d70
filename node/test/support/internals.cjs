'use strict';
// Node's internal modules, for tests of internals: the state's symbol, and a UDP handle for programs that make descriptors
// with the host's internal class. Node has that class; Deno's has no descriptor, and Bun has none.

const { constants } = require('node:os');
const { getSystemErrorMap } = require('node:util');
const dgram = require('../../index.js');
const { kState, name: runtime } = require('../../dist/core.cjs')['runtime/index.js'];
const { RawHandle } = require('../../dist/core.cjs')['handle/raw-handle.js'];

const EBADF = -constants.errno.EBADF;

class UDP {
  #handle;
  #fd = -1;

  bind(address, port) {
    return this.#bind('udp4', address, port);
  }

  bind6(address, port) {
    return this.#bind('udp6', address, port);
  }

  /** A duplicate descriptor of the socket, owned by the caller. */
  get fd() {
    if (this.#fd < 0 && this.#handle !== undefined) this.#fd = this.#handle.duplicate();
    return this.#fd;
  }

  getsockname(out) {
    const address = this.#handle?.address() ?? EBADF;
    if (typeof address === 'number') return address;
    Object.assign(out, address);
    return 0;
  }

  close() {
    this.#handle?.close();
  }

  #bind(type, address, port) {
    this.#handle = new RawHandle(type);
    return this.#handle.bind(address, port);
  }
}

const uv = { UV_UNKNOWN: -4094, UV_EOF: -4095 };
for (const [number, [code]] of getSystemErrorMap()) uv[`UV_${code}`] = number;

/** The host's own internals, which Node gives with --expose-internals; its _createSocketHandle is public in Node 22 and 24. */
function hostInternals() {
  try {
    return require('internal/dgram');
  } catch {
    return dgram;
  }
}

exports['internal/dgram'] = { kStateSymbol: kState, _createSocketHandle: hostInternals()._createSocketHandle };

exports.internalBinding = function internalBinding(name, native) {
  if (name === 'uv') return native ?? uv;
  if (name === 'udp_wrap' && runtime !== 'node') return { ...native, UDP };
  return undefined;
};
