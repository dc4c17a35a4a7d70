'use strict';

require('./dist/core.cjs')['runtime/index.js'].demandSupport('heliogram/workers');

module.exports = require('./dist/workers.cjs')['extras/workers.js'];
