'use strict';
// This file's folder, `lib` or the built `dist`, lies in the package's root. An ES module that a bundler has made has no
// `__dirname`; there no file is looked for beside it.

exports.root = typeof __dirname === 'string' ? require('node:path').join(__dirname, '..') : '';
