'use strict';
// This file's folder, `lib` or the built `dist`, lies in the package's root.

exports.root = require('node:path').join(__dirname, '..');
