'use strict';

require('./dist/core.cjs')['runtime/index.js'].demandSupport('heliogram/unix-dgram');

module.exports = require('./dist/unix-datagram.cjs')['unix-datagram/npm-unix-dgram.js'];
