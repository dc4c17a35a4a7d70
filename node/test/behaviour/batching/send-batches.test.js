'use strict';
// B36, B70, B77, B87, B88: the sends of one turn leave as a batch, which no program can see: each has its own outcome, in order.

const { differential } = require('../../support/differential.js');
const { CLOSED_PORT } = require('../../support/network/namespaces.js');

async function connectedToNobody(t) {
  const socket = t.watch(await t.bound('socket'), 'error');
  socket.connect(CLOSED_PORT, '127.0.0.1');
  await t.once(socket, 'connect');
  return socket;
}

differential('B77 many sends of one turn to a closed port: each has its own outcome', async (t) => {
  const socket = await connectedToNobody(t);
  for (let n = 0; n < 200; n++) socket.send('x', t.callback(`sent ${n}`));
  await t.turns(4);
}, { least: 200 });

differential('B77 sends of many sizes to a closed port, some too large', async (t) => {
  const socket = await connectedToNobody(t);
  const sizes = [9, 9, 9, 65_508, 9, 4, 70_000, 70_000, 0, 0, 9, 8, 9, 9, 65_508, 100];
  for (const [n, size] of sizes.entries()) socket.send(Buffer.alloc(size), t.callback(`sent ${n}`));
  await t.turns(4);
}, { least: 16 });

differential('B77 sends to a closed port from ticks, microtasks and callbacks of one turn', async (t) => {
  const socket = await connectedToNobody(t);
  const some = (label) => {
    for (let n = 0; n < 3; n++) socket.send('x', t.callback(`${label} ${n}`));
  };
  some('at once');
  process.nextTick(some, 'tick');
  Promise.resolve().then(() => some('microtask'));
  socket.send('x', () => some('callback'));
  some('at last');
  await t.turns(6);
}, { least: 15 });

differential('B77 a peer that closes between two sends of one turn', async (t) => {
  const [peer, other] = [await t.bound('peer'), await t.boundPeer('other')];
  const sockets = [await t.connected(await t.bound('socket'), peer), await t.connected(await t.bound('neighbour'), other)];
  for (const socket of sockets) t.watch(socket, 'error');
  const heard = t.times(other, 'message', 10);
  const some = (label) => {
    for (let n = 0; n < 5; n++) sockets.map((socket, at) => socket.send(`${label} ${n}`, t.callback(`${label} ${n} of ${at}`)));
  };
  some('before');
  t.watch(peer, 'close').close();
  some('after');
  t.note('heard', ...(await heard).map(([message]) => message));
  await t.turns(4);
}, { least: 22 });

differential('B70 connected: a run of sends, some too large', async (t) => {
  const peer = await t.boundPeer('peer');
  const socket = await t.connected(await t.bound('socket'), peer);
  const heard = t.times(peer, 'message', 37);
  for (let n = 0; n < 40; n++) socket.send(Buffer.alloc(n % 19 === 1 ? 65_508 : 512, 65 + (n % 26)), t.callback(`sent ${n}`));
  t.note('heard', ...(await heard).map(([message]) => message));
  await t.turns();
}, { least: 41 });

differential('B36 setTTL, disconnect and connect take effect between the sends of one turn', async (t) => {
  const [one, two] = [await t.boundPeer('one'), await t.boundPeer('two')];
  const socket = await t.connected(await t.bound('socket'), one);
  const heard = [one, two].map((peer) => t.times(peer, 'message', 6));
  const some = (label) => {
    for (let n = 0; n < 3; n++) socket.send(`${label} ${n}`, t.callback(`${label} ${n} sent`));
  };
  some('first');
  socket.setTTL(9);
  some('second');
  socket.disconnect();
  await t.connected(socket, two);
  some('third');
  t.call('send queue', () => [socket.getSendQueueSize(), socket.getSendQueueCount()]);
  some('fourth');
  for (const list of heard) t.note('heard', ...(await list).map(([message]) => message));
  await t.turns();
}, { least: 15 });

differential('B88 more sends in one turn than a batch holds, of many sizes', async (t) => {
  const peer = await t.boundPeer('peer');
  peer.setRecvBufferSize(1 << 22);
  const sockets = [await t.connected(await t.bound('connected'), peer), await t.bound('free')];
  const arguments_ = [[], [peer.address().port, '127.0.0.1']];
  const heard = t.times(peer, 'message', 300);
  for (let n = 0; n < 300; n++) {
    const at = n % 7 === 0 ? 1 : 0;
    sockets[at].send(Buffer.alloc([100, 100, 1_400, 30_000, 0][(n >> 4) % 5], n), ...arguments_[at], t.callback(`sent ${n}`));
  }
  t.note('heard', ...(await heard).map(([message]) => [message.length, message[0]]));
  await t.turns();
}, { least: 301 });

differential('B87 two sockets in one turn, one closed between the other’s sends', async (t) => {
  const peer = await t.boundPeer('peer');
  const [one, two] = [await t.connected(await t.bound('one'), peer), t.watch(await t.connected(await t.bound('two'), peer), 'close')];
  const heard = t.times(peer, 'message', 12);
  for (let n = 0; n < 4; n++) {
    one.send(`one ${n}`, t.callback(`one ${n} sent`));
    two.send(`two ${n}`, t.callback(`two ${n} sent`));
  }
  two.close(t.callback('two closed'));
  for (let n = 4; n < 8; n++) one.send(`one ${n}`, t.callback(`one ${n} sent`));
  t.note('heard', ...(await heard).map(([message]) => message));
  await t.turns();
}, { least: 15 });
