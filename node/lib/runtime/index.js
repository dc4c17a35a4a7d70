'use strict';
// What the runtime's own dgram gives us to be taken for it: its class, the symbols under which it and its neighbours
// (child_process, cluster, monitoring tools) keep a socket's state, and the class of its handles. Each runtime has a file
// beside this one, and no other file asks which one it is.

const dgram = require('./original-dgram.js').dgram ?? require('node:dgram');

/** The Node that this is, or that Deno and Bun say they are. */
const [major, minor] = process.versions.node.split('.').map(Number);

function runtime() {
  if (process.versions.deno) return require('./deno.js');
  if (process.versions.bun) return require('./bun.js');
  return require('./node.js');
}

const { supports, inspect, ...host } = runtime()({ dgram, major, minor });

/** Whether the sockets of this process are heliogram's. Elsewhere, and in older Nodes, they are the host's own. */
const isSupported = supports();

module.exports = { dgram, isSupported, major, ...host, ...(isSupported && inspect()) };
