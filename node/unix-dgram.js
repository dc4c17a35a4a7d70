'use strict';

require('./dist/core.cjs')['fallback/index.js'].demand('heliogram/unix-dgram');

module.exports = require('./dist/unix-datagram.cjs')['unix-datagram/npm-unix-dgram.js'];
