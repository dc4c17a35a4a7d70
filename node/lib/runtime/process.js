'use strict';
// The process object. The global `process` is an accessor, which costs time at each use; and in Jest it is a copy, whose
// `nextTick` may be faked, where node:dgram goes on with that of the runtime.

const { runInThisContext } = require('node:vm');

module.exports = process.versions.bun || process.versions.deno ? require('node:process') : runInThisContext('process');
