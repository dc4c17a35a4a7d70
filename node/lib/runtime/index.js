'use strict';
// The runtime: its dgram's class, its symbols for a socket's state (child_process, cluster and monitoring tools use
// them), the class of its handles, and what it does differently. Each runtime has a file in this folder; no other file
// asks for the runtime or its version.

const { dgram } = require('./original-dgram.js');
const { bindFailureEvent, namesUnnamedClasses, refusesTextZero } = require('./versions.js');

function runtime() {
  if (process.versions.deno) return require('./deno.js');
  if (process.versions.bun) return require('./bun.js');
  return require('./node.js');
}

const { supports, inspect, ...host } = runtime()({ dgram });

/** Whether the sockets of this process are heliogram's. Elsewhere, and in older Nodes, they are the host's own. */
const isSupported = supports();

module.exports = {
  dgram,
  isSupported,
  bindFailureEvent,
  namesUnnamedClasses,
  refusesTextZero,
  ...host,
  ...(isSupported && inspect()),
};
