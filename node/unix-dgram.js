'use strict';

require('./dist/core.js')['runtime/index.js'].demandSupport('heliogram/unix-dgram');

module.exports = require('./dist/unix-datagram.js')['unix-datagram/npm-unix-dgram.js'];
