'use strict';

require('./dist/core.cjs')['fallback/index.js'].demand('heliogram/promises');

module.exports = require('./dist/extras.cjs')['extras/promises.js'];
