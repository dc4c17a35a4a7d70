'use strict';
// libuv's flags of a bind: what a cluster worker asks its primary with.

const { constants } = require('node:os');

const FLAGS = { ipv6Only: 1, reuseAddr: constants.UV_UDP_REUSEADDR ?? 4, reusePort: 8 };

/** Asked at each bind, and so without a loop over the names. */
function flagsOf({ ipv6Only, reuseAddr, reusePort }) {
  return (ipv6Only ? FLAGS.ipv6Only : 0) | (reuseAddr ? FLAGS.reuseAddr : 0) | (reusePort ? FLAGS.reusePort : 0);
}

const optionsOf = (flags) =>
  Object.fromEntries(Object.entries(FLAGS).map(([name, flag]) => [name, (flags & flag) !== 0]));

module.exports = { flagsOf, optionsOf };
