'use strict';
// heliogram/register: puts createSocket and Socket into the builtin's own object, so that `dgram` and `node:dgram` are one
// module however a program asks for it, mocks it or patches it; in this thread, and in threads and processes that it starts.

const Module = require('node:module');
const { createSocket, Socket } = require('../dgram/index.js');
const { isOwn } = require('../fallback/index.js');
const { name } = require('../runtime/index.js');
const { replace } = require('../runtime/original-dgram.js');
const inherit = require('./inherit.js');

function register() {
  if (isOwn) patchHost();
  if (name === 'bun') return inherit.byBunOptions(process.env);
  // Below Node 22 as well: a child in another directory could not resolve the flag, and may be a newer Node.
  inherit.byArguments(process.execArgv);
  inherit.byNodeOptions(process.env);
}

function patchHost() {
  require('../dgram/socket.js').acceptHostSockets();
  replace({ createSocket, Socket });
  Module.syncBuiltinESMExports();
  if (name === 'deno') require('./deno.js').complete();
}

module.exports = { register };
