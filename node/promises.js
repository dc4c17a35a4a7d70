'use strict';
// heliogram/promises: the sockets of heliogram with promises for callbacks. There is nothing of the host's that could
// stand in for them where heliogram's own are not to be had.

const { isSupported } = require('./lib/runtime/index.js');

if (!isSupported) {
  const error = new Error(`heliogram/promises has no sockets in ${process.release?.name ?? 'this runtime'} ${process.version}`);
  error.code = 'ERR_HELIOGRAM_NOT_SUPPORTED';
  throw error;
}

module.exports = require('./lib/extras/promises.js');
