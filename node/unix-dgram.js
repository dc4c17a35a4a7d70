'use strict';
// heliogram/unix-dgram: the interface of npm's package unix-dgram. There is nothing of the host's that could stand in for it.

const { isSupported } = require('./lib/runtime/index.js');

if (!isSupported) {
  const error = new Error(`heliogram/unix-dgram has no sockets in ${process.release?.name ?? 'this runtime'} ${process.version}`);
  error.code = 'ERR_HELIOGRAM_NOT_SUPPORTED';
  throw error;
}

module.exports = require('./lib/unix-datagram/npm-unix-dgram.js');
