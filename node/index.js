'use strict';
// heliogram in the place of node:dgram. On hosts that it does not know (yet) it is their own dgram.

const { dgram, isSupported, name } = require('./lib/host.js');

// What the host exports beside the two, such as Node 22's deprecated _createSocketHandle, stays the host's.
module.exports = isSupported ? { ...dgram, ...require('./lib/socket.js') } : dgram;

// For tests that look below the sockets, where the host has nothing there.
if (isSupported && name !== 'node') {
  const internals = { get: () => require('./lib/handles.js'), enumerable: false };
  Object.defineProperty(module.exports, Symbol.for('dgram.internals'), internals);
}
