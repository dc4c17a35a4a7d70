'use strict';
// setRecvMetadata(), and send() with options: ancillary data of received and sent datagrams.

const assert = require('node:assert');
const path = require('node:path');
const { inChild } = require('../../support/process/child.js');
const { eventually, failure, extra, pair, timestampedOnReceipt } = require('../../support/extras.js');
const { namespace, noIPv6, noNamespace } = require('../../support/network/namespaces.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'recv-metadata.js');
const LO = '127.0.0.1';
const notLinux = process.platform !== 'linux' && 'only Linux reports this metadata';

/** Sends with options; returns the error's code or the number of bytes that the callback got. */
async function sent(t, socket, ...values) {
  const [error, bytes] = await t.until((done) => socket.send(...values, done));
  return error?.code ?? bytes;
}

extra('rinfo has only the metadata that was asked for', async (t) => {
  const { socket, sender } = await pair(t);
  const received = [];
  socket.on('message', (_message, rinfo) => received.push(Object.keys(rinfo).slice(4)));
  const asked = [{}, { ttl: true }, { tos: true, ttl: false }, { localAddress: true }, { timestamp: true }, {}];
  for (const [n, options] of asked.entries()) {
    assert.strictEqual(socket.setRecvMetadata(options), undefined);
    sender.send('x');
    await eventually(t, () => received.length === n + 1);
  }
  assert.deepStrictEqual(received, [[], ['ttl'], ['tos', 'ecn', 'dscp'], ['interfaceIndex', 'destination', 'localAddress', 'interface'], ['timestamp'], []]);
}, { needs: notLinux });

extra('metadata received is what the sender set', async (t) => {
  for (const [type, from, to] of noIPv6 ? [['udp4', '127.0.0.7', '127.0.0.9']] : [['udp4', '127.0.0.7', '127.0.0.9'], ['udp6', '::1', '::1']]) {
    const socket = t.socket('socket', type);
    socket.bind();
    await t.once(socket, 'listening');
    socket.setRecvMetadata({ localAddress: true, tos: true, ttl: true, timestamp: true, dropped: true, segmentSize: true });
    const heard = t.once(socket, 'message');
    const before = BigInt(Date.now()) * 1_000_000n;
    const client = t.socket('client', type);
    const options = { source: from, dscp: 46, ecn: 1, ttl: 9, interface: 'lo' };
    assert.strictEqual(await sent(t, client, 'hello', socket.address().port, to, options), 5);
    const [, rinfo] = await heard;
    const { timestamp, interfaceIndex, port, ...rest } = rinfo;
    assert.ok(timestamp >= before - 2_000_000_000n && timestamp <= BigInt(Date.now() + 2_000) * 1_000_000n, `${timestamp}`);
    assert.ok(interfaceIndex > 0 && port > 0);
    const [address, destination, localAddress] = [from, to, to];
    const family = type === 'udp4' ? 'IPv4' : 'IPv6';
    assert.deepStrictEqual(rest, { address, family, size: 5, tos: 46 * 4 + 1, ecn: 1, dscp: 46, ttl: 9, dropped: 0, destination, localAddress, interface: 'lo' });
  }
}, { needs: notLinux });

extra('a datagram of the largest size is not truncated and has no segment size', async (t) => {
  const { socket, sender } = await pair(t, { type: 'udp4', recvBufferSize: 1 << 20 });
  const received = [];
  socket.on('message', (_message, { size, ...rinfo }) => received.push([size, ...Object.entries(rinfo).slice(3).flat()]));
  for (const options of [{ truncated: true }, { segmentSize: true }]) {
    socket.setRecvMetadata(options);
    sender.send(Buffer.alloc(65_507));
    await eventually(t, () => received.length > 0);
    assert.deepStrictEqual(received.splice(0), [options.truncated ? [65_507, 'truncated', false] : [65_507]]);
  }
}, { needs: notLinux });

extra('an answer leaves from the address that the question was sent to', async (t) => {
  const server = t.socket('server');
  server.bind();
  await t.once(server, 'listening');
  server.setRecvMetadata({ localAddress: true });
  server.on('message', (message, { port, address, localAddress: source }) => server.send(message, port, address, { source }));
  const client = await t.bound('client');
  for (const address of ['127.0.0.2', '127.0.0.3']) {
    const heard = t.once(client, 'message');
    client.send('who?', server.address().port, address);
    assert.strictEqual((await heard)[1].address, address);
  }
}, { needs: notLinux });

extra('timestamps and the count of drops never decrease', async (t) => {
  const { socket, sender } = await pair(t);
  socket.setRecvBufferSize(4_096);
  socket.setRecvMetadata({ timestamp: true, dropped: true });
  await timestampedOnReceipt(t, socket, sender);
  const received = [];
  socket.on('message', (_message, rinfo) => received.push(rinfo));
  socket.pause();
  for (let n = 0; n < 200; n++) sender.send('x');
  await t.turns(3);
  socket.resume();
  await eventually(t, () => received.length > 0);
  await t.until((done) => setTimeout(done, 50));
  const first = received.length;
  sender.send('one more');
  await eventually(t, () => received.length === first + 1);
  assert.strictEqual(received.at(-1).dropped, 200 - first);
  for (const [n, { timestamp, dropped }] of received.slice(1).entries()) {
    assert.ok(timestamp >= received[n].timestamp && dropped >= received[n].dropped);
  }
}, { needs: notLinux });

extra('segmentSize splits a send into datagrams', async (t) => {
  const { socket } = await pair(t);
  const heard = t.times(socket, 'message', 3);
  const client = t.socket('client');
  assert.strictEqual(await sent(t, client, Buffer.alloc(2_500, 7), socket.address().port, LO, { segmentSize: 1_000 }), 2_500);
  assert.deepStrictEqual((await heard).map(([message]) => message.length), [1_000, 1_000, 500]);
}, { needs: notLinux });

extra('sends with options: connected, unbound, in order with other sends, and counted', async (t) => {
  const peer = await t.boundPeer('peer');
  const { port } = peer.address();
  const heard = t.times(peer, 'message', 7);
  const socket = t.socket('socket', { type: 'udp4', writableHighWaterMark: 1 });
  socket.send('1', port, LO);
  socket.send(['2'], port, LO, { ttl: 3 });
  socket.send('3', port, LO, {}, () => {});
  await t.once(socket, 'listening');
  await t.connected(socket, peer);
  socket.send('4');
  socket.send('5', undefined, undefined, { ttl: 3 });
  socket.send('6', null, null, { tos: 8 }, () => {});
  socket.send('7');
  assert.deepStrictEqual((await heard).map(([message]) => String(message)), ['1', '2', '3', '4', '5', '6', '7']);
  assert.strictEqual((await failure(() => socket.send('x', port, LO, {}))).code, 'ERR_SOCKET_DGRAM_IS_CONNECTED');
  assert.strictEqual(socket.writableLength, 0);
}, { needs: notLinux });

extra('impossible options are refused', async (t) => {
  const socket = await t.bound('socket');
  const { port } = socket.address();
  assert.strictEqual(await sent(t, socket, 'x', port, LO, { source: '192.0.2.1' }), 'ENETUNREACH');
  assert.strictEqual(await sent(t, socket, 'x', port, LO, { source: '::1' }), 'EINVAL');
  assert.strictEqual(await sent(t, socket, 'x', port, LO, { source: 'nowhere' }), 'EINVAL');
  assert.strictEqual(await sent(t, socket, 'x', port, LO, { interface: 'none' }), 'ENODEV');
  assert.strictEqual(await sent(t, socket, 'x', port, LO, { transmitTime: 1n }), 'EINVAL');
  socket.setTransmitTimeClock('monotonic');
  assert.strictEqual(await sent(t, socket, 'x', port, LO, { transmitTime: process.hrtime.bigint() }), 1);
  const wrong = [
    { ttl: 0 }, { ttl: 256 }, { tos: -1 }, { ecn: 4 }, { dscp: 64 }, { segmentSize: 0 }, { transmitTime: 5 }, { transmitTime: -1n },
    { source: 5 }, { interface: {} },
  ];
  const codes = await Promise.all(wrong.map(async (options) => (await failure(() => socket.send('x', port, LO, options))).code));
  const [type, range] = ['ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE'];
  assert.deepStrictEqual(codes, [range, range, range, range, range, range, type, range, type, type]);
  assert.strictEqual((await failure(() => socket.setTransmitTimeClock('wall'))).code, 'ERR_INVALID_ARG_VALUE');
  assert.strictEqual((await failure(() => socket.setRecvMetadata())).code, type);
  assert.strictEqual((await failure(() => t.socket('unbound').setRecvMetadata({ ttl: true }))).message, 'setRecvMetadata EBADF: the socket is not bound');
}, { needs: notLinux });

inChild('dontFragment for one datagram', FIXTURE, 'fragments', {
  prefix: namespace, needs: noNamespace, onHost: false,
  expected: [['kept whole', 'EMSGSIZE'], ['as the socket has it', 2_000]],
});
