'use strict';
// heliogram in the place of node:dgram. On hosts that it does not know (yet) it is their own dgram.

const { dgram, isSupported, shareSockets } = require('./lib/runtime/index.js');

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

// Where the host's cluster shares no UDP sockets.
shareSockets?.((type, options) => {
  const { RawHandle } = require('./lib/handle/raw-handle.js');
  return new RawHandle(type, options);
});
