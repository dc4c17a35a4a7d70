'use strict';
// heliogram/promises: the sockets of heliogram with promises for callbacks. There is nothing of the host's that could
// stand in for them where heliogram's own are not to be had.

require('./lib/runtime/index.js').demandSupport('heliogram/promises');

module.exports = require('./lib/extras/promises.js');
