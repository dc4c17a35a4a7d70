'use strict';
// The option `transmitTimestamp` of send(), and the event of that name.

const assert = require('node:assert');
const path = require('node:path');
const { inChild } = require('../../support/process/child.js');
const { eventually, extra } = require('../../support/extras.js');
const { namespace, noNamespace } = require('../../support/network/namespaces.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'transmit-timestamp.js');
const LO = '127.0.0.1';
const onLinux = process.platform === 'linux';

/** Bounds of the wall clock's present time in nanoseconds; Date.now() has whole milliseconds. */
const earliest = () => BigInt(Date.now()) * 1_000_000n;
const latest = () => BigInt(Date.now() + 1) * 1_000_000n;

/** A peer to send to, its port, and the transmit timestamps that the socket has reported. */
async function withTimestamps(t, socket) {
  const peer = await t.boundPeer('peer');
  const timestamps = [];
  socket.on('transmitTimestamp', (timestamp) => timestamps.push(timestamp));
  return { port: peer.address().port, timestamps, peer };
}

extra('each send that asks gets the next id and a timestamp within the send', async (t) => {
  const socket = t.socket('socket');
  const { port, timestamps } = await withTimestamps(t, socket);
  for (let id = 0; id < 5; id++) {
    const before = earliest();
    socket.send('not this one', port, LO);
    socket.send('this one', port, LO, { transmitTimestamp: true });
    await eventually(t, () => timestamps.length === id + 1);
    const { timestamp, ...rest } = timestamps[id];
    assert.deepStrictEqual(rest, { id });
    assert.ok(timestamp >= before && timestamp <= latest(), `${before} ${timestamp}`);
    assert.ok(id === 0 || timestamp >= timestamps[id - 1].timestamp);
  }
}, { needs: !onLinux && 'only Linux has transmit timestamps' });

extra('many at once from a connected socket, with queued errors on', async (t) => {
  const socket = await t.bound('socket');
  const { timestamps, peer } = await withTimestamps(t, socket);
  socket.setRecvErrors(true);
  await t.connected(socket, peer);
  const heard = t.times(peer, 'message', 100);
  const [error, sent] = await t.until((done) => socket.sendMany(Array.from({ length: 100 }, (_, n) => `${n}`), { transmitTimestamp: true }, done));
  assert.deepStrictEqual([error, sent], [null, 100]);
  await heard;
  await eventually(t, () => timestamps.length === 100);
  assert.deepStrictEqual(timestamps.map(({ id }) => id), Array.from({ length: 100 }, (_, id) => id));
  for (const [n, { timestamp }] of timestamps.slice(1).entries()) assert.ok(timestamp >= timestamps[n].timestamp);
}, { needs: !onLinux && 'only Linux has transmit timestamps' });

extra('no timestamp without asking; ENOTSUP where the system has none', async (t) => {
  const socket = await t.bound('socket');
  const { port, timestamps } = await withTimestamps(t, socket);
  const [error] = await t.until((done) => socket.send('x', port, LO, { transmitTimestamp: !onLinux }, done));
  assert.strictEqual(error?.code, onLinux ? undefined : 'ENOTSUP');
  await t.barrier(socket);
  assert.deepStrictEqual(timestamps, []);
});

inChild('over a pair of interfaces, and no id for a send that failed', FIXTURE, 'pair', {
  prefix: namespace, needs: noNamespace, onHost: false,
  expected: [['within the sending', 0, true]],
});
