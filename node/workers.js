'use strict';

require('./dist/core.cjs')['fallback/index.js'].demand('heliogram/workers');

module.exports = require('./dist/workers.cjs')['extras/workers.js'];
