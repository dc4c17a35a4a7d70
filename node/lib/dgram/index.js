'use strict';
// The module that takes the place of node:dgram. Where heliogram has no sockets it is the runtime's own.

const { HeliogramError } = require('../common/heliogram-error.js');
const { hostModule, isOwn } = require('../fallback/index.js');
const { shareSockets } = require('../runtime/index.js');
const { dgram } = require('../runtime/original-dgram.js');

/** What the host exports beside the two, such as Node 22's deprecated _createSocketHandle, stays the host's. */
function ownModule() {
  const { createSocket, Socket } = require('./socket.js');
  return { ...dgram, createSocket, Socket };
}

module.exports = isOwn ? ownModule() : hostModule();
// Not enumerable: a program that lists the module finds the host's names.
Object.defineProperty(module.exports, 'HeliogramError', { value: HeliogramError, writable: true, configurable: true });

if (isOwn) {
  shareSockets?.((type, options) => {
    const { RawHandle } = require('../handle/raw-handle.js');
    return new RawHandle(type, options);
  });
}
