'use strict';
// heliogram/workers: threads that share a UDP port. There is nothing of the host's that could stand in for it.

require('./lib/runtime/index.js').demandSupport('heliogram/workers');

module.exports = require('./lib/extras/workers.js');
