'use strict';
// Node: readiness comes from its own loop, and what leaves a callback of the loop is followed by ticks.

// The global is an accessor, which is looked up anew at each use.
const process = require('./process.js');
const { inMainContext } = require('./main-context.js');
const { symbolOf } = require('./symbols.js');
const { asksForNet, isSupported, skipsLookup } = require('./versions.js');

const mayUseNet = () => !asksForNet || !process.permission || process.permission.has('net');

/**
 * The symbols of the host's sockets, and the class of their handles; asked once in a thread. A socket of the host is looked at whose
 * constructor threw: a complete one would be published on diagnostics_channel. The signal is the last argument that the
 * constructor checks.
 */
const inspectHost = inMainContext((process, key, dgram, symbolOf) => {
  if (process[key] !== undefined) return process[key];

  function refusal(socket) {
    try {
      dgram.Socket.call(socket, { type: 'udp4', signal: 0 });
    } catch (error) {
      return error;
    }
    throw new Error('heliogram does not know the dgram of this Node'); // the argument was not refused
  }

  const socket = Object.create(dgram.Socket.prototype);
  const error = refusal(socket);
  const kState = symbolOf(socket, 'state symbol');
  const { handle } = socket[kState];
  handle.unref(); // it stays as it is: closing it would be seen by async_hooks
  const value = {
    kState,
    kAsyncId: symbolOf(socket, 'async_id_symbol'),
    kOwner: symbolOf(handle, 'owner_symbol'),
    kNodeError: symbolOf(error, 'kIsNodeError'),
    UDP: handle.constructor,
  };
  Object.defineProperty(process, key, { value });
  return value;
});

module.exports = ({ dgram }) => ({
  name: 'node',
  supports: () => isSupported,
  inspect: () => inspectHost(process, Symbol.for('heliogram.host'), dgram, symbolOf),

  skipsLookup,
  mayUseNet,

  /** Unix sockets are a part of the network to Node's permission model. */
  demandPath(path) {
    if (mayUseNet()) return;
    const error = new Error('Access to this API has been restricted. Use --allow-net to manage permissions.');
    throw Object.assign(error, { code: 'ERR_ACCESS_DENIED', permission: 'Net', resource: path });
  },

  /** A cluster worker has a channel; to ask `cluster` itself would load child_process and net. */
  hasPrimary: () => process.send !== undefined,

  /** A name in the source of Node's `emit` that wrappers of other programs do not contain. */
  ownEmitHas: 'kErrorMonitor',

  /** Node's flag for tests: sends are queued for the loop even if the kernel would take them. */
  queuesSends: process.execArgv.includes('--test-udp-no-try-send'),

  /** Adopts the kernel's socket of a handle that the host made. */
  adopt: (native, wrap, siblings) => native.adopt(wrap.fd, true, siblings),

  /** Ticks and microtasks, which the loop itself runs after what it has called. */
  runTicks: () => process._tickCallback(),
  fromLoop: (callback) => callback,
});
