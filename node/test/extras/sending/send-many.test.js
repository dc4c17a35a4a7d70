'use strict';
// sendMany(): many datagrams with one call.

const assert = require('node:assert');
const { BlockList } = require('node:net');
const { eventually, failure, extra, numbers } = require('../../support/extras.js');
const { CLOSED_PORT } = require('../../support/network/namespaces.js');

const LO = '127.0.0.1';
const notLinux = process.platform !== 'linux' && 'only Linux has this';

/** What the callback got: the error's code and index, and the number of datagrams sent. */
async function sent(t, socket, ...values) {
  const [error, count] = await t.until((done) => socket.sendMany(...values, done));
  return error ? [error.code, error.index, count] : [null, count];
}

const texts = async (heard) => (await heard).map(([message]) => String(message));

extra('to one peer, in order with other sends, from an unbound socket on', async (t) => {
  const peer = await t.boundPeer('peer');
  peer.setRecvBufferSize(1 << 20);
  const { port } = peer.address();
  const socket = t.socket('socket');
  const heard = t.times(peer, 'message', 206);
  socket.send('1', port, LO);
  socket.sendMany(['2', ['3'], new Uint8Array([0x34])], port, LO);
  socket.send('5', port, LO);
  assert.deepStrictEqual(await sent(t, socket, numbers(205).slice(5), port), [null, 200]);
  socket.send('206', port, LO);
  assert.deepStrictEqual(await texts(heard), numbers(206));
  assert.deepStrictEqual([socket.getSendQueueSize(), socket.getSendQueueCount()], [0, 0]);
});

extra('runs of one size leave as GSO batches, unless offload is false', async (t) => {
  for (const [offload, batches] of [[true, 2], [false, 0]]) {
    const peer = await t.boundPeer('peer');
    const socket = await t.bound('socket', { type: 'udp4', offload });
    const heard = t.times(peer, 'message', 80);
    const list = Array.from({ length: 80 }, () => Buffer.alloc(100));
    assert.deepStrictEqual(await sent(t, socket, list, peer.address().port, LO), [null, 80]);
    const { gsoBatchesOut, datagramsOut } = socket.stats();
    assert.deepStrictEqual([datagramsOut, gsoBatchesOut], [80, batches]);
    await heard;
  }
}, { needs: notLinux });

extra('connected', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  const heard = t.times(peer, 'message', 6);
  socket.send('1');
  socket.sendMany(['2', { message: '3' }]);
  assert.deepStrictEqual(await sent(t, socket, ['4', '5'], { ttl: 9 }), [null, 2]);
  socket.send('6');
  assert.deepStrictEqual(await texts(heard), numbers(6));
  for (const wrong of [[['x'], 9], [['x'], undefined, LO], [['x', { message: 'y', port: 9 }]]]) {
    assert.strictEqual((await failure(() => socket.sendMany(...wrong))).code, 'ERR_SOCKET_DGRAM_IS_CONNECTED');
  }
});

extra('ECONNREFUSED is reported as for single sends', async (t) => {
  const socket = await t.bound('socket');
  await t.connected(socket, { address: () => ({ port: CLOSED_PORT, address: LO }) });
  socket.on('error', () => {});
  const [error, count] = await t.until((done) => socket.sendMany(numbers(9), done));
  assert.deepStrictEqual([error.code, error.syscall, error.index, count], ['ECONNREFUSED', 'send', 1, 5]);
});

extra('each message may have a destination and options of its own', async (t) => {
  const [one, two] = [await t.boundPeer('one'), await t.boundPeer('two')];
  const [atOne, atTwo] = [one, two].map((peer) => peer.address().port);
  const socket = t.socket('socket');
  const heard = [t.times(one, 'message', 2), t.times(two, 'message', 2)];
  const list = ['1', { message: '2', port: atTwo }, { message: ['3'], address: 'localhost', port: atTwo, options: { ttl: 5 } }, '4'];
  assert.deepStrictEqual(await sent(t, socket, list, atOne, LO, { tos: 8 }), [null, 4]);
  assert.deepStrictEqual([await texts(heard[0]), await texts(heard[1])], [['1', '4'], ['2', '3']]);
}, { needs: notLinux });

extra('options of the call, and options of single messages', async (t) => {
  const socket = await t.bound('socket');
  socket.setRecvMetadata({ ttl: true, tos: true });
  const heard = t.times(socket, 'message', 5);
  const list = ['1', '2', { message: '3', options: { ttl: 33 } }, { message: '4', options: {} }, '5'];
  assert.deepStrictEqual(await sent(t, t.socket('sender'), list, socket.address().port, LO, { ttl: 9, dscp: 46 }), [null, 5]);
  const received = (await heard).map(([message, { ttl, dscp }]) => [String(message), ttl, dscp]);
  assert.deepStrictEqual(received, [['1', 9, 46], ['2', 9, 46], ['3', 33, 0], ['4', 64, 0], ['5', 9, 46]]);
}, { needs: notLinux });

extra('the other messages are sent when one fails', async (t) => {
  const peer = await t.boundPeer('peer');
  const { port } = peer.address();
  const sendBlockList = new BlockList();
  sendBlockList.addAddress('127.0.0.9');
  const lookup = (name, _family, callback) => process.nextTick(callback, name === 'none' ? new Error('unknown') : null, name, 4);
  const socket = await t.bound('socket', { type: 'udp4', sendBlockList, lookup });
  const heard = t.times(peer, 'message', 10);
  const elsewhere = (address) => ({ message: 'x', address });
  assert.deepStrictEqual(await sent(t, socket, ['1', Buffer.alloc(65_508), '2', elsewhere('::1')], port, LO), ['EMSGSIZE', 1, 2]);
  assert.deepStrictEqual(await sent(t, socket, ['3', elsewhere('::1'), '4', elsewhere('127.0.0.9')], port, LO), ['EINVAL', 1, 2]);
  assert.deepStrictEqual(await sent(t, socket, [elsewhere('127.0.0.9'), '5', elsewhere('none'), '6'], port, LO), ['ERR_IP_BLOCKED', 0, 2]);
  assert.deepStrictEqual(await sent(t, socket, ['7', elsewhere('none'), elsewhere('none'), '8'], port, LO), [undefined, 1, 2]);
  assert.deepStrictEqual(await sent(t, socket, ['9', { message: 'x', options: { source: 'nowhere' } }, '10'], port, LO), ['EINVAL', 1, 2]);
  assert.deepStrictEqual(await texts(heard), numbers(10));
  const emitted = t.once(socket, 'error');
  socket.sendMany([elsewhere('127.0.0.9'), elsewhere('none')], port);
  assert.strictEqual((await emitted)[0].message, 'unknown');
});

extra('invalid arguments throw, and nothing is sent', async (t) => {
  const peer = await t.boundPeer('peer');
  const { port } = peer.address();
  const socket = await t.bound('socket');
  const heard = t.once(peer, 'message');
  const wrong = [
    ['x', port, LO], [undefined, port, LO], [['x', 5], port, LO], [['x', ['y', {}]], port, LO], [['x', null], port], [['x', {}], port],
    [['x']], [['x'], 0], [['x', { message: 'y', port: 70_000 }], port], [['x'], port, 5], [['x'], port, LO, { ttl: 0 }],
    [['x', { message: 'y', options: 5 }], port], [new Array(2), port],
  ];
  const errors = await Promise.all(wrong.map((values) => failure(() => socket.sendMany(...values))));
  const [type, range, bad] = ['ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE', 'ERR_SOCKET_BAD_PORT'];
  assert.deepStrictEqual(errors.map(({ code }) => code), [type, type, type, type, type, type, bad, bad, bad, type, range, type, type]);
  assert.match(errors[2].message, /"messages\[1\]"/u);
  socket.send('the first', port, LO);
  assert.strictEqual(String((await heard)[0]), 'the first');
  assert.strictEqual(socket.stats().datagramsOut, 1);
});

extra('an empty list, and a closed socket', async (t) => {
  const socket = await t.bound('socket');
  assert.deepStrictEqual(await sent(t, socket, [], 9), [null, 0]);
  const outcome = sent(t, socket, ['x'], 9, LO);
  socket.close();
  assert.deepStrictEqual(await outcome, ['ERR_SOCKET_DGRAM_NOT_RUNNING', undefined, 0]);
  assert.strictEqual((await failure(() => socket.sendMany(['x'], 9))).code, 'ERR_SOCKET_DGRAM_NOT_RUNNING');
});

extra('a failed bind is reported to the callback too', async (t) => {
  const error = new Error('no look-up');
  const socket = t.socket('socket', { type: 'udp4', lookup: (_name, _family, callback) => process.nextTick(callback, error) });
  const emitted = t.once(socket, 'error');
  assert.deepStrictEqual(await t.until((done) => socket.sendMany(['x'], 9, LO, done)), [error, 0]);
  assert.deepStrictEqual(await emitted, [error]);
});

extra('datagrams that the kernel has no room for are queued in order and counted, and the callback is called once', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket', { type: 'udp4', writableHighWaterMark: 4_000, offload: false }), peer);
  socket.setSendBufferSize(1);
  const results = [];
  for (let n = 0; n < 5; n++) {
    socket.sendMany(Array.from({ length: 100 }, () => Buffer.alloc(1_000)), (error, count) => results.push([error, count]));
    assert.ok(socket.getSendQueueCount() <= socket.writableLength / 1_000);
  }
  await eventually(t, () => results.length === 5 && socket.writableLength === 0 && !socket.writableNeedDrain);
  assert.deepStrictEqual(results, Array.from({ length: 5 }, () => [null, 100]));
});

extra('the limits of the send queue hold for the list as a whole', async (t) => {
  const peer = await t.boundPeer('peer');
  const { port } = peer.address();
  const socket = t.socket('socket', { type: 'udp4', maxSendQueueCount: 3, maxSendQueueSize: 100 });
  const heard = t.times(peer, 'message', 3);
  const results = [];
  const callback = (name) => (error, count) => results.push([name, error?.code ?? count]);
  socket.sendMany(['1', '2'], port, LO, callback('fits'));
  assert.deepStrictEqual(socket.writableLength, 2);
  socket.sendMany(['x', 'x'], port, LO, callback('too many'));
  socket.sendMany([Buffer.alloc(99)], port, LO, callback('too large'));
  socket.sendMany(['3'], port, LO, callback('fits too'));
  assert.deepStrictEqual(await texts(heard), numbers(3));
  await eventually(t, () => results.length === 4);
  const full = 'ERR_HELIOGRAM_SEND_QUEUE_FULL';
  assert.deepStrictEqual(results.sort(), [['fits too', 1], ['fits', 2], ['too large', full], ['too many', full]]);
  assert.strictEqual(socket.writableLength, 0);
});

extra('bytes that the callback changes, and a list changed after the call', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.bound('socket');
  const heard = t.times(peer, 'message', 2);
  const list = [Buffer.from('1'), Buffer.from('2')];
  socket.sendMany(list, peer.address().port, LO, () => list.forEach((bytes) => bytes.fill(0)));
  list.length = 0;
  assert.deepStrictEqual(await texts(heard), ['1', '2']);
});
