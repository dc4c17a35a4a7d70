'use strict';

require('./dist/core.cjs')['runtime/index.js'].demandSupport('heliogram/promises');

module.exports = require('./dist/extras.cjs')['extras/promises.js'];
