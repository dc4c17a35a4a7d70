'use strict';
// Tests that a runtime cannot pass, or passes only sometimes: the beginning of each title, with the reason. They run all the
// same, and a failure is printed as a warning.

const BOTH = [
  ['B6 bind answers the socket', 'ticks and microtasks of a program\u2019s first turn come in the runtime\u2019s own order'],
  ['B4 the names, lengths', 'Socket.prototype inherits from the host\u2019s, whose methods differ'],
  ['B65 the callback of connect need be no function', 'the host\u2019s EventEmitter words its errors'],
  ['B74 the deprecated accessors', 'the host\u2019s prototype has them'],
  ['B82 what the primary is asked', 'the handle of the host\u2019s cluster is another'],
  ['B80', 'the host\u2019s own dgram, which the scenario uses as well, knows nothing of it'],
  ['B14 descriptors that are no UDP socket', 'the host gives no descriptor of a TCP socket'],
  ['B14 values that are no descriptor', 'the engine words it'],
  ['B49', 'the host has no async_hooks provider for sockets'],
  ['B81 child.send of an unbound', 'child_process is the host\u2019s'],
  ['B84', 'the permission model and its flags are Node\u2019s'],
  ['B34', '--test-udp-no-try-send is a flag of Node\u2019s'],
  ['B35 closing with queued sends', '--test-udp-no-try-send is a flag of Node\u2019s'],
  ['B88 what was sent in a turn', 'a poll thread reports a datagram after the turn\u2019s immediates'],
  ['B76', 'a poll thread reports a datagram after the turn\u2019s immediates'],
  ['B40', 'the runtime takes several wake-ups in one turn; each brings at most 32'],
  ['a flood leaves time for others', 'the runtime takes several wake-ups in one turn; each brings at most 64'],
  ['a socket that stops receiving', 'the runtime takes several wake-ups in one turn; each brings at most 32'],
];

const DENO = [
  ['B38 ticks and microtasks that throw', 'Deno reports exceptions of microtasks at once'],
  ['B7 an unhandled bind error', 'of an uncaught exception Deno dies without \u2018exit\u2019, and prints it in its own words'],
  ['B7 a bind callback', 'of an uncaught exception Deno dies in its own words'],
  ['B20', 'of an uncaught exception Deno dies in its own words'],
  ['B29 a failed look-up of an unhandled', 'of an uncaught exception Deno dies in its own words'],
  ['B46 an unhandled error', 'of an uncaught exception Deno dies in its own words'],
  ['B38 a throwing listener ends', 'of an uncaught exception Deno dies in its own words'],
  ['an uncaught exception in', 'of an uncaught exception Deno dies without \u2018exit\u2019'],
  ['B85', 'Deno says that a worker has ended before it has ended it'],
  ['B86 what has left when the process ends: terminatedMany', 'Deno ends a process without its workers\u2019 clean-up'],
];

const BUN = [
  ['B75', 'Bun looks literal addresses up, as Node 22 does'],
  ['B31 the error of the system', 'dns.lookup is the host\u2019s'],
  ['B38', 'Bun reports exceptions and rejections in an order of its own'],
  ['B81 child.send takes a socket', 'the child\u2019s socket is the host\u2019s, whose handle has no hasRef()'],
  ['B83', 'the host has no async_hooks provider for sockets'],
  ['B86 what has left when the process ends: throwUnconnected', 'Bun runs the ticks that are due before it dies of an exception'],
  ['an uncaught exception in', 'Bun prints and ends in its own way'],
  ['B48 B49 every message of a GRO packet', 'the host has no async_hooks provider for sockets'],
];

const IMPOSSIBLE = { deno: [...BOTH, ...DENO], bun: [...BOTH, ...BUN] };

module.exports = { IMPOSSIBLE };
