'use strict';
// The module that takes the place of node:dgram. In a runtime that heliogram does not support it is the runtime's own.

const { preload } = require('../bridge/binding.js');
const { isSupported, mayUseNet, shareSockets } = require('../runtime/index.js');
const { builtin, dgram } = require('../runtime/original-dgram.js');

/** What the host exports beside the two, such as Node 22's deprecated _createSocketHandle, stays the host's. */
function ownModule() {
  const { createSocket, Socket } = require('./socket.js');
  if (mayUseNet()) preload();
  return { ...dgram, createSocket, Socket };
}

/** The host's module; says so once. */
function hostModule() {
  process.emitWarning(`heliogram needs Node 22 or later; in ${process.version} it is node:dgram itself`, { code: 'HELIOGRAM_NOT_SUPPORTED' });
  return builtin;
}

module.exports = isSupported ? ownModule() : hostModule();

shareSockets?.((type, options) => {
  const { RawHandle } = require('../handle/raw-handle.js');
  return new RawHandle(type, options);
});
