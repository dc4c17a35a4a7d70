'use strict';
// libuv's flags of a bind: what a cluster worker asks its primary with.

const { constants } = require('node:os');

const FLAGS = { ipv6Only: 1, reuseAddr: constants.UV_UDP_REUSEADDR ?? 4, reusePort: 8 };

const flagsOf = (options) =>
  Object.entries(FLAGS).reduce((flags, [name, flag]) => (options[name] ? flags | flag : flags), 0);

const optionsOf = (flags) =>
  Object.fromEntries(Object.entries(FLAGS).map(([name, flag]) => [name, (flags & flag) !== 0]));

module.exports = { flagsOf, optionsOf };
