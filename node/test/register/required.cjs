'use strict';
// A CommonJS file imported by an ES module: its require() may take a different path through Node than that of a program.
exports.dgram = require('dgram');
exports.nodeDgram = require('node:dgram');
