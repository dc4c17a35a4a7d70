'use strict';
// Functions that outlive the package's own global object. A test framework evaluates the package in a context of its own for each
// file, and what stays behind in the process must not keep that context.

const { runInThisContext } = require('node:vm');

/** The same function in the runtime's own context. It must refer to nothing but its arguments and globals. */
const inMainContext = (made) => runInThisContext(`(${made})`);

module.exports = { inMainContext };
