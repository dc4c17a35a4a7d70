'use strict';
// Deno: the loop's own function for ticks and microtasks is among its internals.

const { constants } = require('node:os');
const common = require('./deno-bun-common.js');
const { demand, demandNet, demandPath, mayReach } = require('./deno/permissions.js');
const { symbolOf } = require('./symbols.js');

const core = globalThis.Deno?.[globalThis.Deno.internal]?.core;

module.exports = ({ dgram }) => ({
  name: 'deno',
  ...common(core?.runNextTicks),
  supports: () => typeof core?.runNextTicks === 'function',
  inspect() {
    const socket = dgram.createSocket('udp4');
    const kState = symbolOf(socket, 'kStateSymbol');
    const { handle } = socket[kState];
    socket.close();
    return {
      kState,
      kAsyncId: symbolOf(socket, 'asyncIdSymbol'),
      kOwner: symbolOf(handle, 'ownerSymbol'),
      kNodeError: undefined,
      UDP: undefined,
    };
  },
  skipsLookup: true,
  demand,
  demandNet,
  demandPath,
  shareSockets: (open) => require('./deno/cluster.js').shareSockets(open),
  mayReach,
  marksStacks: true,

  /** AsyncLocalStorage's context. To enter an AsyncResource's scope takes 0.5 us, mostly in a WeakMap. */
  asyncContext: core?.getAsyncContext && core.setAsyncContext && { get: core.getAsyncContext, set: core.setAsyncContext },

  /** The answer of a primary without heliogram to a worker that asks for a shared socket. */
  unshared: -constants.errno.ENOTSUP,
  adopt: (native, wrap, siblings) => native.adopt(wrap.fdForIpc(), false, siblings),
});
