'use strict';
// The modules of lib/, as `npm run build` bundles them.

module.exports = require('./dist/core.cjs')['dgram/index.js'];
