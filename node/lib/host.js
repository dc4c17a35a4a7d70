'use strict';
// What the host's own dgram gives us to be taken for it: its class, the symbols under which it and its neighbours
// (child_process, cluster, monitoring tools) keep a socket's state, and the class of its handles.

const dgram = require('node:dgram');

const [major, minor] = process.versions.node.split('.').map(Number);

/** Whether this is Node itself; Deno and Bun say that they are some version of Node too. */
const isNode = !process.versions.bun && !process.versions.deno;

/** Whether the sockets of this process are heliogram's. Elsewhere, and in older Nodes, they are the host's own. */
const isSupported = isNode && major >= 22;

/**
 * Half a socket of the host: an argument that is refused late leaves the state behind, and nothing is announced. Sockets
 * that are whole would show up in diagnostics_channel.
 */
function halfSocket() {
  const socket = Object.create(dgram.Socket.prototype);
  try {
    dgram.Socket.call(socket, { type: 'udp4', signal: 0 });
  } catch (error) {
    return { socket, error };
  }
  throw new Error('heliogram does not know the dgram of this Node'); // the argument was not refused
}

/** A symbol of an object, or of what it inherits from. */
function symbolOf(object, description) {
  if (object === null) return undefined;
  const own = Object.getOwnPropertySymbols(object).find((symbol) => symbol.description === description);
  return own ?? symbolOf(Object.getPrototypeOf(object), description);
}

function inspectHost() {
  const { socket, error } = halfSocket();
  const kState = symbolOf(socket, 'state symbol');
  const { handle } = socket[kState];
  handle.unref(); // it stays as it is: closing it would be seen by async_hooks
  return {
    kState,
    kAsyncId: symbolOf(socket, 'async_id_symbol'),
    kOwner: symbolOf(handle, 'owner_symbol'),
    kNodeError: symbolOf(error, 'kIsNodeError'),
    UDP: handle.constructor,
  };
}

/** Since then a literal address of the socket's own family resolves to itself, without dns.lookup. */
const skipsLookup = major >= 26 || (major === 24 && minor >= 21);

/** The permission model knows the network since Node 25. */
function mayUseNet() {
  return major < 25 || !process.permission || process.permission.has('net');
}

/** Node's own switch for tests: sends wait for the loop even if the kernel has room. */
const queuesSends = process.execArgv.includes('--test-udp-no-try-send');

module.exports = { dgram, isSupported, skipsLookup, mayUseNet, queuesSends, major, ...(isSupported && inspectHost()) };
