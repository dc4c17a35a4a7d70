'use strict';
// heliogram/unix-dgram: the interface of npm's package unix-dgram. There is nothing of the host's that could stand in for it.

require('./lib/runtime/index.js').demandSupport('heliogram/unix-dgram');

module.exports = require('./lib/unix-datagram/npm-unix-dgram.js');
