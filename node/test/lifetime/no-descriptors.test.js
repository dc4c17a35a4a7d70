'use strict';
// A socket that emits 'listening' receives; a socket that cannot receive is unbound, with an error.

const path = require('node:path');
const { ends } = require('../support/process/lifetime.js');
const runtime = require('../support/runtime.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'no-descriptors.js');

// Deno itself panics in a process without descriptors.
if (runtime.name !== 'deno') {
  const each = Array.from({ length: 5 }, (_, count) => [`${count}`, true, true]);
  const events = ['bind EMFILE 127.0.0.1', 'listening'];
  ends('B90 a bind without descriptors', FIXTURE, 'bind', { records: [...each, ['refused at first, then bound', events]] });
}
