'use strict';
// heliogram in the place of node:dgram. On hosts that it does not know (yet) it is their own dgram.

const { dgram, isSupported, name } = require('./lib/runtime/index.js');

let loaded;

/** Most of heliogram is loaded for the first socket, or for the class: a program may mention `dgram` and want neither. */
const sockets = () => (loaded ??= require('./lib/dgram/socket.js'));

function createSocket(type, listener) {
  return sockets().createSocket(type, listener);
}

/** The class, until a program sets something else. */
const lateClass = {
  get: () => sockets().Socket,
  set(value) {
    Object.defineProperty(this, 'Socket', { value, writable: true, enumerable: true, configurable: true });
  },
  enumerable: true,
  configurable: true,
};

// What the host exports beside the two, such as Node 22's deprecated _createSocketHandle, stays the host's.
module.exports = isSupported ? Object.defineProperty({ ...dgram, createSocket }, 'Socket', lateClass) : dgram;

// For tests that look below the sockets, where the host has nothing there.
if (isSupported && name !== 'node') {
  const internals = { get: () => require('./lib/handle/handles.js'), enumerable: false };
  Object.defineProperty(module.exports, Symbol.for('dgram.internals'), internals);
}
