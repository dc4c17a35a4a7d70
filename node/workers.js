'use strict';
// heliogram/workers: threads that share a UDP port. There is nothing of the host's that could stand in for it.

const { isSupported } = require('./lib/runtime/index.js');

if (!isSupported) {
  const error = new Error(`heliogram/workers has no sockets in ${process.release?.name ?? 'this runtime'} ${process.version}`);
  error.code = 'ERR_HELIOGRAM_NOT_SUPPORTED';
  throw error;
}

module.exports = require('./lib/extras/workers.js');
