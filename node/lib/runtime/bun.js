'use strict';
// Bun, whose handles are plain objects.

const { promisify } = require('node:util');
const common = require('./deno-bun-common.js');
const process = require('./process.js');
const { symbolOf } = require('./symbols.js');

/**
 * child_process sends only Bun's own sockets. Bun opens one on another socket's descriptor, which then becomes a duplicate
 * of ours, so that Bun reads nothing from it.
 */
function socketToSend(native, type, other) {
  other.bind(type === 'udp6' ? '::1' : '127.0.0.1', 0);
  const fd = other.duplicate();
  other.close();
  const socket = Bun.peek(Bun.udpSocket({ fd, socket: {} }));
  native.duplicateOnto(fd);
  socket.unref();
  return socket;
}

/**
 * dns.lookup, which answers a literal with itself on the next tick; undefined if a program has replaced it already. Bun's
 * dgram has loaded `dns` by then.
 */
function ownLookup() {
  const dns = require('node:dns');
  return dns.lookup[promisify.custom] === dns.promises.lookup ? dns.lookup : undefined;
}

// Not `require`, in which other bundlers than Bun's find no such module. Bun before 1.2.10 has no such function.
const drainMicrotasks = process.getBuiltinModule?.('bun:jsc').drainMicrotasks;

module.exports = ({ dgram }) => ({
  name: 'bun',
  ...common(drainMicrotasks),
  supports: () => drainMicrotasks !== undefined,
  inspect() {
    const socket = dgram.createSocket('udp4');
    const kState = symbolOf(socket, 'state symbol');
    const { handle } = socket[kState];
    socket.close();
    return {
      kState,
      kAsyncId: Symbol('async_id_symbol'),
      kOwner: symbolOf(handle, 'owner symbol'),
      kNodeError: undefined,
      UDP: undefined,
    };
  },
  skipsLookup: false,
  ownLookup: ownLookup(),
  marksStacks: true,
  entersByTick: true,

  /** A syntax in the source of Bun's `emit` that wrappers of other programs do not contain. */
  ownEmitHas: '.@call(',

  adopt: (native, wrap, siblings) => native.adopt(wrap.sharedFd ?? wrap.fd, true, siblings),
  socketToSend,
});
