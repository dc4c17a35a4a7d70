'use strict';
// B33-B35, B70, B87, B88: queued datagrams, and their outcome when the socket fails or closes first.
// Most of B67 is about systems other than Linux; here it says that sends wait for a full buffer.

const fs = require('node:fs');
const path = require('node:path');
const { inChild } = require('../support/process/child.js');
const { differential } = require('../support/differential.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'queue.js');

differential('B33 sends, connects and closes wait for the bind, in order', async (t) => {
  const peer = await t.boundPeer('peer');
  const { port } = peer.address();
  const socket = t.watch(t.socket('socket'), 'listening', 'connect', 'close', 'error');
  const heard = t.times(peer, 'message', 3);
  socket.send('first', port, '127.0.0.1', t.callback('first sent'));
  socket.send('second', port, '127.0.0.1', t.callback('second sent'));
  socket.connect(port, '127.0.0.1', t.callback('connected'));
  socket.send('third', port, '127.0.0.1', t.callback('third sent'));
  t.note('the turn ends');
  await t.turns();
  t.call('remoteAddress', () => socket.remoteAddress());
  socket.send('fourth', t.callback('fourth sent'));
  t.note('heard', ...(await heard).map(([message]) => message));
  await t.turns();
}, { least: 9 });

differential('B33 calls after a bind under way keep their order', async (t) => {
  const peer = await t.boundPeer('peer');
  const { port } = peer.address();
  const socket = t.watch(t.socket('socket'), 'listening', 'close', 'error');
  const heard = t.times(peer, 'message', 2);
  socket.bind(0, '127.0.0.1', t.callback('bound'));
  socket.send('first', port, '127.0.0.1', t.callback('first sent'));
  socket.send('second', port, '127.0.0.1', t.callback('second sent'));
  t.note('heard', ...(await heard).map(([message]) => message));
  await t.turns();
}, { least: 5 });

function failingLookup(t, failure) {
  return (name, family, callback) => process.nextTick(callback, failure.now ? t.name('the failure', new Error('no look-up')) : null, '127.0.0.1', 4);
}

differential('B33 a failed implicit bind drops the queue', async (t) => {
  const failure = { now: true };
  const socket = t.watch(t.socket('socket', { type: 'udp4', lookup: failingLookup(t, failure) }), 'error', 'listening', 'close');
  socket.send('x', 9, '127.0.0.1', t.callback('sent'));
  socket.connect(9, '127.0.0.1', t.callback('connected'));
  t.call('close', () => socket.close(t.callback('closed')));
  await t.turns(5);
  t.note('still open');
  failure.now = false;
  socket.send('x', 9, '127.0.0.1', t.callback('sent later'));
  await t.turns(5);
  t.call('close', () => socket.close());
  await t.turns();
}, { least: 6 });

differential('B33 a failed implicit bind, and a bind from its error listener', async (t) => {
  const failure = { now: true };
  const socket = t.watch(t.socket('socket', { type: 'udp4', lookup: failingLookup(t, failure) }), 'listening', 'close');
  socket.on('error', (error) => {
    t.note('error', error);
    failure.now = false;
    t.call('bind', () => socket.bind(0, '127.0.0.1'));
  });
  socket.send('x', 9, '127.0.0.1', t.callback('sent'));
  await t.turns(5);
  await t.sent('sent later', socket, 'x', 9, '127.0.0.1');
}, { least: 4 });

differential('B33 another error while sends wait drops them too', async (t) => {
  let reply;
  const lookup = (name, family, callback) => { reply ??= callback; };
  const socket = t.watch(t.socket('socket', { type: 'udp4', lookup }), 'error', 'listening');
  socket.send('x', 9, '127.0.0.1', t.callback('sent'));
  t.call('emit', () => socket.emit('error', t.name('made up', new Error('made up'))));
  reply(null, '127.0.0.1', 4);
  await t.turns();
}, { least: 2 });

differential('B34 the queue is empty after ordinary sends', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = t.socket('socket');
  const show = (when) => t.call(when, () => [socket.getSendQueueSize(), socket.getSendQueueCount()]);
  show('made');
  socket.send('abc', peer.address().port, '127.0.0.1');
  show('waiting for the bind');
  await t.once(socket, 'listening');
  await t.sent('sent', socket, 'abc', peer.address().port, '127.0.0.1');
  show('sent');
  socket.send('abc', peer.address().port, '127.0.0.1');
  show('waiting for the look-up');
  await t.turns();
  await t.connected(socket, peer);
  for (let n = 0; n < 10; n++) socket.send('abc');
  show('connected');
  await t.turns();
  show('at last');
  socket.close();
  t.call('size when closed', () => socket.getSendQueueSize());
  t.call('count when closed', () => socket.getSendQueueCount());
}, { least: 9 });

inChild('B34 the queue counts what the kernel has not taken', FIXTURE, 'queueInfo', { flags: ['--test-udp-no-try-send'], least: 4 });

inChild('B35 closing with queued sends gives ECANCELED', FIXTURE, 'closeWhileQueued', { flags: ['--test-udp-no-try-send'], least: 4 });

differential('B67 sends wait while the send buffer is full, without an error', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  socket.setSendBufferSize(1);
  const results = [];
  await t.until((done) => {
    for (let n = 0; n < 200; n++) {
      socket.send(Buffer.alloc(1_000, n), (error, bytes) => {
        if (results.push([error, bytes]) === 200) done();
      });
    }
  }, () => `${results.length} of 200 callbacks`);
  t.note('failed', results.filter(([error]) => error).map(([error]) => error.code));
  t.note('bytes', results.reduce((sum, [, bytes]) => sum + bytes, 0));
}, { least: 2 });

differential('B67 a queued datagram goes to its original destination after connect()', async (t) => {
  const [peer, other] = [await t.boundPeer('peer', 'udp6'), t.watch(await t.boundPeer('other', 'udp6'), 'message')];
  const socket = t.watch(await t.bound('socket', 'udp6'), 'error');
  const heard = t.times(peer, 'message', 2);
  const { port, address } = peer.address();
  socket.setSendBufferSize(1); // too small for datagrams in two fragments, which wait until it is larger
  for (let n = 0; n < 2; n++) socket.send(Buffer.alloc(65_507 - n), port, address, t.callback(`sent ${n}`));
  await t.connected(socket, other);
  t.note('waiting', socket.getSendQueueCount(), socket.getSendQueueSize());
  socket.setSendBufferSize(1 << 18);
  t.note('heard', ...(await heard).map(([message]) => message.length));
  await t.turns();
}, { least: 4 });

differential('B70 each send of a run has its own callback and result', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  peer.setRecvBufferSize(1 << 21);
  for (const size of [1, 100, 1_472, 1_473, 9_000, 30_000]) {
    const heard = t.times(peer, 'message', 20);
    for (let n = 0; n < 20; n++) socket.send(Buffer.alloc(size, 65 + n), t.callback(`sent ${n}`));
    t.note('heard', ...(await heard).map(([message]) => message));
    peer.removeAllListeners('message');
    await t.turns();
  }
}, { least: 126 });

differential('B70 a run of sends, one too large', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.bound('socket');
  const heard = t.times(peer, 'message', 19);
  for (let n = 0; n < 20; n++) socket.send(Buffer.alloc(n === 9 ? 65_508 : 512, 65 + n), peer.address().port, '127.0.0.1', t.callback(`sent ${n}`));
  t.note('heard', ...(await heard).map(([message]) => message));
  await t.turns();
}, { least: 21 });

differential('B87 send with a callback, then close: connected', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = t.watch(await t.connected(await t.bound('socket'), peer), 'close', 'error');
  const heard = t.once(peer, 'message');
  socket.send('last words', t.callback('sent'));
  socket.close(t.callback('closed'));
  t.note('heard', (await heard)[0]);
  await t.turns();
}, { least: 4 });

differential('B87 send with a callback, then close: bound, not connected', async (t) => {
  const peer = await t.boundPeer('peer');
  peer.on('message', t.callback('heard'));
  const socket = t.watch(await t.bound('socket'), 'close', 'error');
  socket.send('lost words', peer.address().port, '127.0.0.1', t.callback('sent'));
  socket.close(t.callback('closed'));
  await t.turns();
  await t.barrier(peer);
}, { least: 3 });

differential('B87 many connected sends, then close', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = t.watch(await t.connected(await t.bound('socket'), peer), 'close');
  const heard = t.times(peer, 'message', 50);
  for (let n = 0; n < 50; n++) socket.send(`word ${n}`, t.callback(`sent ${n}`));
  socket.close();
  t.note('heard', ...(await heard).map(([message]) => message));
  await t.turns();
}, { least: 52 });

/** Bytes in the kernel's receive queue of the socket on this port. */
function waiting(port) {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const line = fs.readFileSync('/proc/net/udp', 'utf8').split('\n').find((text) => text.includes(`:${hex} 00000000:0000`));
  return parseInt(line.trim().split(/\s+/)[4].split(':')[1], 16);
}

differential('B88 datagrams of a long loop of connected sends leave while it runs', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  const { port } = peer.address();
  for (let n = 0; n < 500; n++) socket.send('x');
  t.note('some have arrived before the loop ended', waiting(port) > 0);
  const heard = t.once(peer, 'message');
  for (let n = 0; n < 40; n++) socket.send(Buffer.alloc(8_000));
  await heard;
}, { least: 1, needs: !fs.existsSync('/proc/net/udp') && 'there is no /proc/net/udp here' });

differential('B88 datagrams sent in one turn are received in the next', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  peer.on('message', (message) => t.note('heard', message));
  await t.turns(1);
  socket.send('x');
  t.note('the turn ends');
  await t.turns(1);
  t.note('the next turn ends');
}, { least: 3 });
