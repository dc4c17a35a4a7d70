'use strict';
// B14, B15, B80: bind({ fd }). A descriptor is inherited by the child process that adopts it.

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { run } = require('../support/process/child.js');
const { differential } = require('../support/differential.js');
const { host, nameOf } = require('../support/module.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'descriptor.js');

const handleOf = (socket) => socket[Object.getOwnPropertySymbols(socket).find(({ description }) => /^(state symbol|kStateSymbol)$/.test(description))].handle;

/** A bound socket that is not read, so that the process that adopts its descriptor receives all datagrams. */
function silent(t) {
  const donor = t.peer('donor');
  donor.addMembership('224.0.0.114', '127.0.0.1');
  return donor;
}

// Node makes the standard descriptors of a child blocking; the shell then moves one to 3.
const BLOCKING = { prefix: ['sh', '-c', 'exec "$@" 3<&0 0</dev/null', 'sh'] };

/** Runs a scenario in a child that has the descriptor of a bound socket of ours as its descriptor 3. */
async function adopted(t, scenario, { blocking = false, donor = silent(t) } = {}) {
  const { fd } = handleOf(donor);
  const how = blocking ? { ...BLOCKING, stdin: fd } : { stdio: [fd] };
  const child = await run(FIXTURE, scenario, { module: nameOf(t.dgram), ...how });
  t.include('child', child.records);
  t.note('ended', child.code, child.signal, child.died);
  if (child.code !== 0) throw new Error(child.stderr);
}

differential('B14 an adopted descriptor listens at once and works', (t) => adopted(t, 'adopt'), { least: 7 });
differential('B14 an adopted descriptor and the forms of bind', (t) => adopted(t, 'forms'), { least: 4 });
differential('B15 an adopted descriptor has SO_REUSEADDR', async (t) => adopted(t, 'reuse', { donor: await t.boundPeer('donor') }), { least: 2 });
differential('B15 an adopted descriptor is non-blocking', (t) => adopted(t, 'nonBlocking', { blocking: true }), { least: 3 });
differential('B80 a descriptor adopted twice', (t) => adopted(t, 'twice'), { least: 3 });

/** A bound socket whose descriptor nobody reads but the process that adopts it. */
async function unread(t, options, address) {
  const donor = t.peer('donor', options);
  donor.bind(0, address);
  await t.once(donor, 'listening');
  handleOf(donor).recvStop();
  return donor;
}

const IPV6_ONLY = { type: 'udp6', ipv6Only: true };

for (const [what, options, address] of [['IPv4', 'udp4', '0.0.0.0'], ['IPv6', 'udp6', '::'], ['IPv6 alone', IPV6_ONLY, '::']]) {
  for (const type of [4, 6]) {
    differential(`B104 a udp${type} socket adopts a descriptor of ${what}`, async (t) => {
      await adopted(t, `under${type}`, { donor: await unread(t, options, address) });
    }, { least: 50 });
  }
}

differential('B14 values that are not a descriptor', async (t) => {
  for (const fd of [0, -1, 1.5, NaN, '3', null, undefined, 2 ** 31, 2 ** 32, {}, true, 3n]) {
    const socket = t.watch(t.socket('socket'), 'listening', 'error');
    t.call(`fd ${String(fd)}`, () => socket.bind({ fd }));
    await t.turns(2);
  }
}, { least: 23 });

differential('B14 descriptors that are not a UDP socket', async (t) => {
  const file = fs.openSync(__filename);
  t.after(() => fs.closeSync(file));
  const server = net.createServer().listen(0, '127.0.0.1');
  await t.once(server, 'listening');
  t.after(() => server.close());
  for (const [label, fd] of Object.entries({ file, TCP: server._handle.fd, nothing: 99_999, null: fs.openSync('/dev/null') })) {
    const socket = t.watch(t.socket(label), 'listening', 'error');
    t.call(`bind to ${label}`, () => socket.bind({ fd }));
    t.call('bind again', () => socket.bind());
    t.call('address', () => socket.address());
    if (label === 'null') fs.closeSync(fd);
  }
}, { least: 12 });

differential('B14 a socket that has a descriptor already leaves another one to its owner', async (t) => {
  const donor = await t.boundPeer('donor');
  const { fd } = handleOf(donor);
  const socket = t.watch(t.socket('socket'), 'listening', 'error');
  socket.addMembership('224.0.0.114', '127.0.0.1');
  t.call('bind', () => socket.bind({ fd }));
  await t.turns();
  t.note('open', fs.existsSync(`/proc/self/fd/${fd}`));
  await t.barrier(donor);
}, { least: 2 });

differential('B80 a descriptor that another socket, of the package or of the host, has', async (t) => {
  for (const donor of [await t.bound('of ours'), await t.boundPeer('of the host')]) {
    const { fd } = handleOf(donor);
    const socket = t.watch(t.socket('socket'), 'listening', 'error');
    t.call('bind', () => socket.bind({ fd }));
    t.call('address', () => socket.address());
    await t.turns();
    await t.barrier(donor);
  }
}, { least: 4 });

differential('B80 a descriptor that no socket polls', async (t) => {
  const donor = host.createSocket('udp4');
  donor.addMembership('224.0.0.114', '127.0.0.1');
  const { fd } = handleOf(donor);
  const socket = t.watch(t.socket('socket'), 'listening', 'error');
  t.call('bind', () => socket.bind({ fd }, t.callback('bound')));
  t.call('address', () => socket.address());
  await t.barrier(socket);
  const closed = t.once(socket, 'close');
  socket.close();
  await closed;
  await t.turns(1);
  // The socket that adopted the descriptor closes it; a close of the donor could close a later descriptor of that number.
  t.note('closed', !fs.existsSync(`/proc/self/fd/${fd}`));
}, { least: 4 });
