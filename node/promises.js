'use strict';

require('./dist/core.js')['runtime/index.js'].demandSupport('heliogram/promises');

module.exports = require('./dist/extras.js')['extras/promises.js'];
