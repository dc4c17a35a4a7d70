'use strict';
// Bun: what Node keeps in a handle, Bun keeps in a plain object.

const common = require('./thread.js');
const { symbolOf } = require('./symbols.js');

module.exports = ({ dgram }) => ({
  ...common(require('bun:jsc').drainMicrotasks),
  supports: () => true,
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
  descriptorOf: (wrap) => wrap.sharedFd ?? wrap.fd,
});
