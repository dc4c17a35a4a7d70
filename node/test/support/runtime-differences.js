'use strict';
// Tests that a runtime cannot pass, or passes only sometimes: the beginning of each title, with the reason. They run all the
// same, and a failure is printed as a warning.

const BOTH = [
  ['B6 bind returns the socket', 'ticks and microtasks of a program\u2019s first turn come in the runtime\u2019s own order'],
  ['B4 the names, lengths', 'Socket.prototype inherits from the host\u2019s, whose methods differ'],
  ['B65 a connect callback that is not a function', 'the host\u2019s EventEmitter writes the message'],
  ['B74 the deprecated accessors', 'the host\u2019s prototype has them'],
  ['B82 the request to the primary', 'the handle of the host\u2019s cluster is another'],
  ['B80', 'the scenario also uses the host\u2019s own dgram, which does not know the package\u2019s descriptors'],
  ['B14 descriptors that are not a UDP socket', 'the host gives no descriptor of a TCP socket'],
  ['B14 values that are not a descriptor', 'the engine writes the message'],
  ['B49', 'the host has no async_hooks provider for sockets'],
  ['B81 child.send of an unbound', 'child_process is the host\u2019s'],
  ['B84', 'the permission model and its flags are Node\u2019s'],
  ['B34', '--test-udp-no-try-send is a flag of Node\u2019s'],
  ['B35 closing with queued sends', '--test-udp-no-try-send is a flag of Node\u2019s'],
  ['B88 datagrams sent in one turn', 'a poll thread reports a datagram after the turn\u2019s immediates'],
  ['B76', 'a poll thread reports a datagram after the turn\u2019s immediates'],
  ['B40', 'the runtime takes several wake-ups in one turn; each brings at most 32'],
  ['a flooded socket does not starve others', 'the runtime takes several wake-ups in one turn; each brings at most 64'],
  ['a socket that stops receiving', 'the runtime takes several wake-ups in one turn; each brings at most 32'],
];

const DENO = [
  ['B38 ticks and microtasks that throw', 'Deno reports exceptions of microtasks at once'],
  ['B7 an unhandled bind error', 'Deno emits no \u2018exit\u2019 after an uncaught exception, and prints it in its own words'],
  ['B7 a bind callback', 'Deno prints an uncaught exception in its own words'],
  ['B20', 'Deno prints an uncaught exception in its own words'],
  ['B29 a failed look-up of an unhandled', 'Deno prints an uncaught exception in its own words'],
  ['B46 an unhandled receive error', 'Deno prints an uncaught exception in its own words'],
  ['B38 a throwing listener ends', 'Deno prints an uncaught exception in its own words'],
  ['an uncaught exception in', 'Deno emits no \u2018exit\u2019 after an uncaught exception'],
  ['B99 a send and four in a listener of exit leave before the listener blocks, after an exc', 'Deno emits no \u2018exit\u2019 after an uncaught exception'],
  ['B85', 'Deno reports the end of a worker before the worker has ended'],
  ['B86 datagrams sent before the process ends: terminatedMany', 'Deno ends a process without its workers\u2019 clean-up'],
];

const BUN = [
  ['B75', 'Bun looks literal addresses up, as Node 22 does'],
  ['B31 the error of the system', 'dns.lookup is the host\u2019s'],
  ['B38', 'Bun reports exceptions and rejections in an order of its own'],
  ['B81 child.send takes a socket', 'the child\u2019s socket is the host\u2019s, whose handle has no hasRef()'],
  ['B83', 'the host has no async_hooks provider for sockets'],
  ['B86 datagrams sent before the process ends: throwUnconnected', 'Bun runs the ticks that are due before it dies of an exception'],
  ['an uncaught exception in', 'Bun prints and ends in its own way'],
  ['B48 B49 every message of a GRO packet', 'the host has no async_hooks provider for sockets'],
];

const IMPOSSIBLE = { deno: [...BOTH, ...DENO], bun: [...BOTH, ...BUN] };

module.exports = { IMPOSSIBLE };
