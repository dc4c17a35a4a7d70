'use strict';
// The modules of lib/, as `npm run build` bundles them.

module.exports = require('./dist/core.js')['dgram/index.js'];
