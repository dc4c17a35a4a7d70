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
  ends('a socket with receive coalescing receives where no timer can be made', FIXTURE, 'coalescing', { records: [['received', 20]] });
}

// Node has no poll thread, and in Deno a program cannot close a descriptor that is not its own.
if (runtime.name === 'bun') {
  ends('sockets receive on after the descriptor of the poll thread has been closed', FIXTURE, 'pollThread', {
    records: [['closed', 1], ['received', 20]],
  });
}
