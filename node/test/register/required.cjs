'use strict';
// A CommonJS file that an ES module imports: its require() may take another way through Node than that of a program.
exports.dgram = require('dgram');
exports.nodeDgram = require('node:dgram');
