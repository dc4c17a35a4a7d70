'use strict';

require('./dist/core.js')['runtime/index.js'].demandSupport('heliogram/workers');

module.exports = require('./dist/workers.js')['extras/workers.js'];
