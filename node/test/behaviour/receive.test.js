'use strict';
// B37, B39-B47, B51, B69, B71, B72, B76: receiving. B38, a throwing listener, is in process/process-end.test.js.

const net = require('node:net');
const path = require('node:path');
const { inChild } = require('../support/process/child.js');
const { differential } = require('../support/differential.js');
const { CLOSED_PORT, namespace, noIPv6, noNamespace } = require('../support/network/namespaces.js');
const { reservedPort } = require('../support/network/ports.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'multicast.js');

/** A bound receiver of the module under test and a connected sender of the host's, whose sends are not batched. */
async function pair(t, options = 'udp4') {
  const socket = await t.bound('socket', options);
  const sender = await t.boundPeer('sender', socket.type);
  await t.connected(sender, socket);
  return { socket, sender };
}

differential('B37 ticks and microtasks run between two messages of one batch', async (t) => {
  const { socket, sender } = await pair(t);
  socket.on('message', (message) => {
    t.note(`message ${message}`);
    process.nextTick(t.callback(`tick ${message}`));
    Promise.resolve().then(t.callback(`microtask ${message}`));
    setImmediate(t.callback(`immediate ${message}`));
  });
  for (let n = 0; n < 4; n++) sender.send(String(n));
  await t.turns(4);
}, { least: 16 });

/** Receives until the runtime has compiled the receiving code. */
async function warm(t, socket, sender) {
  let heard = 0;
  const listener = () => {
    heard += 1;
    setImmediate(() => {});
  };
  socket.on('message', listener);
  for (let round = 1; round <= 50; round++) {
    for (let n = 0; n < 10; n++) sender.send('warm');
    await t.until((done) => setImmediate(function look() { if (heard === round * 10) done(); else setImmediate(look); }));
  }
  socket.off('message', listener);
}

differential('B37 a listener that takes long once does not end the turn', async (t) => {
  const { socket, sender } = await pair(t);
  await warm(t, socket, sender);
  socket.on('message', (message) => {
    t.note(`message ${message}`);
    const end = performance.now() + 5;
    while (message.toString() === '0' && performance.now() < end);
    setImmediate(t.callback(`immediate ${message}`));
  });
  for (let n = 0; n < 20; n++) sender.send(String(n));
  await t.turns(4);
}, { least: 40 });

differential('B37 ticks run between messages, not between listeners of one', async (t) => {
  const { socket, sender } = await pair(t);
  for (const name of ['a', 'b']) {
    socket.on('message', (message) => {
      t.note(`${name} ${message}`);
      process.nextTick(t.callback(`tick of ${name} ${message}`));
      queueMicrotask(t.callback(`microtask of ${name} ${message}`));
    });
  }
  for (let n = 0; n < 3; n++) sender.send(String(n));
  await t.turns(4);
}, { least: 18 });

differential('B37 a tick changes the listeners of the next message of the batch', async (t) => {
  const { socket, sender } = await pair(t);
  const second = t.callback('second listener');
  socket.once('message', () => process.nextTick(() => socket.on('message', second)));
  socket.on('message', (message) => {
    t.note(`first listener ${message}`);
    if (message.toString() === '1') Promise.resolve().then(() => socket.removeListener('message', second));
  });
  for (let n = 0; n < 3; n++) sender.send(String(n));
  await t.turns(4);
}, { least: 4 });

differential('B39 close in a handler: no further message', async (t) => {
  const { socket, sender } = await pair(t);
  t.watch(socket, 'close', 'error');
  socket.on('message', (message) => {
    t.note('message', message);
    t.call('close', () => socket.close());
  });
  socket.on('message', t.callback('second listener'));
  for (let n = 0; n < 5; n++) sender.send(String(n));
  await t.once(socket, 'close');
  await t.turns(4);
}, { least: 4 });

differential('B39 close in a tick after a message, and in a microtask', async (t) => {
  for (const later of [process.nextTick, queueMicrotask]) {
    const { socket, sender } = await pair(t);
    t.watch(socket, 'message', 'close', 'error');
    socket.once('message', () => later(() => socket.close()));
    for (let n = 0; n < 5; n++) sender.send(String(n));
    await t.once(socket, 'close');
    await t.turns(4);
  }
}, { least: 4 });

differential('B39 another socket closed in a handler', async (t) => {
  const [one, two] = [await pair(t), await pair(t)];
  const heard = [];
  for (const [own, other] of [[one, two], [two, one]]) {
    own.socket.on('message', () => {
      heard.push(own === one ? 'one' : 'two');
      if (heard.length === 1) other.socket.close();
    });
  }
  for (let n = 0; n < 3; n++) {
    one.sender.send('x');
    two.sender.send('x');
  }
  await t.turns(4);
  t.note('heard by one only', heard.length, new Set(heard).size);
}, { least: 1 });

differential('B40 at most 32 datagrams before the loop turns', async (t) => {
  const { socket, sender } = await pair(t);
  const batches = [0];
  socket.on('message', () => { batches[batches.length - 1] += 1; });
  const turn = () => {
    batches.push(0);
    if (batches.reduce((a, b) => a + b) < 100) setImmediate(turn);
  };
  for (let n = 0; n < 100; n++) sender.send('x');
  const all = t.times(socket, 'message', 100);
  setImmediate(turn);
  await all;
  t.note('at most 32', Math.max(...batches) <= 32);
  t.note('all', batches.reduce((a, b) => a + b));
}, { least: 2 });

differential('B40 datagrams of the largest size are received in one turn', async (t) => {
  const { socket, sender } = await pair(t);
  socket.setRecvBufferSize(1 << 20);
  socket.once('message', () => setImmediate(t.callback('immediate')));
  socket.on('message', (message) => t.note('message', message.length));
  for (let n = 0; n < 3; n++) sender.send(Buffer.alloc(65_507 - n));
  await t.times(socket, 'message', 3);
  await t.turns(1);
}, { least: 4 });

differential('B40 a flooded socket does not starve timers and immediates', async (t) => {
  const { socket, sender } = await pair(t);
  let [flooding, turns, timers] = [true, 0, 0];
  socket.on('message', () => { if (flooding) for (let n = 0; n < 3; n++) sender.send('x'); });
  const count = () => {
    turns += 1;
    if (flooding) setImmediate(count);
  };
  const interval = setInterval(() => { timers += 1; }, 1);
  t.after(() => clearInterval(interval));
  count();
  sender.send('x');
  await t.until((done) => setInterval(function check() { if (timers >= 5 && turns >= 5) { clearInterval(this); done(); } }, 1));
  flooding = false;
  t.note('timers and immediates ran', timers >= 5, turns >= 5);
}, { least: 1 });

differential('B41 a message is a Buffer with memory of its own', async (t) => {
  const { socket, sender } = await pair(t);
  const heard = t.times(socket, 'message', 5);
  for (const size of [0, 1, 100, 4_096, 60_000]) sender.send(Buffer.alloc(size, 7));
  for (const [message] of await heard) {
    t.note('message', Buffer.isBuffer(message), message.length, message.byteOffset, message.buffer.byteLength);
    t.note('kind', Object.prototype.toString.call(message.buffer), Object.getPrototypeOf(message) === Buffer.prototype, message.every((byte) => byte === 7));
  }
}, { least: 10 });

differential('B41 messages share no memory', async (t) => {
  const { socket, sender } = await pair(t);
  const heard = t.times(socket, 'message', 4);
  for (let n = 0; n < 4; n++) sender.send(`message ${n}`);
  const messages = (await heard).map(([message]) => message);
  messages[0].fill('!');
  structuredClone(messages[1].buffer, { transfer: [messages[1].buffer] });
  t.note('after writing and transferring', messages.map((message) => message.toString()));
  t.note('distinct', new Set(messages.map(({ buffer }) => buffer)).size);
}, { least: 2 });

differential('B41 the bytes of a kept message never change', async (t) => {
  const { socket, sender } = await pair(t);
  const kept = [];
  const heard = t.times(socket, 'message', 120);
  socket.on('message', (message) => kept.push(message));
  for (let batch = 0; batch < 6; batch++) {
    for (let n = 0; n < 20; n++) sender.send(Buffer.alloc(50 + n, 40 + batch * 20 + n));
    await t.turns(4);
  }
  await heard;
  t.note('intact', kept.every((message, n) => message.length === 50 + (n % 20) && message.every((byte) => byte === 40 + n)));
}, { least: 1 });

differential('B42 rinfo', async (t) => {
  const { socket, sender } = await pair(t);
  const heard = t.times(socket, 'message', 2);
  sender.send('hello');
  sender.send('');
  for (const [message, rinfo, ...rest] of await heard) {
    t.note('rinfo', rinfo, rinfo.size === message.length, rinfo.port === sender.address().port, rest);
    t.note('kind', Object.getPrototypeOf(rinfo) === Object.prototype, Object.isFrozen(rinfo));
  }
}, { least: 4 });

differential('B42 each rinfo is an object of its own', async (t) => {
  const { socket, sender } = await pair(t);
  const heard = t.times(socket, 'message', 3);
  for (let n = 0; n < 3; n++) sender.send('x'.repeat(n));
  const infos = (await heard).map(([, rinfo]) => rinfo);
  infos[0].port = 'changed';
  t.note('infos', ...infos);
}, { least: 1 });

differential('B42 rinfo of a dual-stack socket', async (t) => {
  const socket = t.socket('socket', 'udp6');
  socket.bind(0);
  await t.once(socket, 'listening');
  const { port } = socket.address();
  for (const [type, address] of [['udp4', '127.0.0.1'], ['udp6', '::1']]) {
    const heard = t.once(socket, 'message');
    (await t.boundPeer(type, type)).send('hello', port, address);
    t.note(type, ...await heard);
  }
}, { least: 2, needs: noIPv6 });

differential('B42 an answer to the address in rinfo arrives', async (t) => {
  const socket = await t.bound('socket');
  const client = await t.bound('client');
  socket.on('message', (message, { port, address }) => socket.send(`re: ${message}`, port, address));
  const heard = t.once(client, 'message');
  client.send('hello', socket.address().port, '127.0.0.1');
  t.note('heard', ...await heard);
}, { least: 1 });

inChild('B42 link-local peers carry the name of the interface', FIXTURE, 'linkLocal', { prefix: namespace, needs: noNamespace || noIPv6, least: 2 });

differential('B43 empty datagrams are delivered', async (t) => {
  const { socket, sender } = await pair(t);
  const heard = t.times(socket, 'message', 3);
  for (const message of ['', 'x', '']) sender.send(message);
  for (const values of await heard) t.note('heard', ...values);
}, { least: 3 });

differential('B44 the largest datagram arrives whole', async (t) => {
  const { socket, sender } = await pair(t);
  const heard = t.once(socket, 'message');
  const message = Buffer.from(Array.from({ length: 65_507 }, (_, n) => n % 251));
  sender.send(message);
  const [arrived, rinfo] = await heard;
  t.note('heard', arrived.equals(message), rinfo.size);
}, { least: 1 });

differential('each message of a batch has its own sender', async (t) => {
  const socket = await t.bound('socket');
  const { port } = socket.address();
  const addresses = ['127.0.0.2', '127.0.0.1', '127.0.0.3'];
  const senders = addresses.map((address) => t.peer(address));
  for (const [index, sender] of senders.entries()) {
    sender.bind(0, addresses[index]);
    await t.once(sender, 'listening');
  }
  const heard = [];
  socket.on('message', (message, rinfo) => {
    const sender = senders[addresses.indexOf(rinfo.address)];
    heard.push(`${message} from ${rinfo.address}, its port: ${rinfo.port === sender?.address().port}`);
  });
  for (const index of [0, 0, 1, 2, 2, 0, 1, 1, 0]) senders[index].send(addresses[index], port, '127.0.0.1');
  await t.until((done) => setImmediate(function look() { if (heard.length === 9) done(); else setImmediate(look); }));
  t.note('heard', heard.toSorted());
}, { least: 1 });

differential('B45 receiveBlockList drops silently, packet by packet', async (t) => {
  const receiveBlockList = new net.BlockList();
  receiveBlockList.addAddress('127.0.0.2');
  const socket = t.watch(t.socket('socket', { type: 'udp4', receiveBlockList }), 'message', 'error');
  socket.bind(0);
  await t.once(socket, 'listening');
  const senders = ['127.0.0.2', '127.0.0.1', '127.0.0.2', '127.0.0.3'].map((address) => [address, t.peer(address)]);
  for (const [address, sender] of senders) {
    sender.bind(0, address);
    await t.once(sender, 'listening');
    await t.sent(`from ${address}`, sender, address, socket.address().port, '127.0.0.1');
  }
  await t.barrier(socket);
  receiveBlockList.addAddress('127.0.0.3');
  await t.sent('blocked later', senders[3][1], 'late', socket.address().port, '127.0.0.1');
  await t.barrier(socket);
}, { least: 9 });

differential('B45 receiveBlockList over IPv6 and for mapped addresses', async (t) => {
  const receiveBlockList = new net.BlockList();
  receiveBlockList.addAddress('127.0.0.2');
  receiveBlockList.addSubnet('fe80::', 10, 'ipv6');
  const socket = t.watch(t.socket('socket', { type: 'udp6', receiveBlockList }), 'message', 'error');
  socket.bind(0);
  await t.once(socket, 'listening');
  const sender = t.peer('sender');
  sender.bind(0, '127.0.0.2');
  await t.once(sender, 'listening');
  await t.sent('blocked', sender, 'blocked', socket.address().port, '127.0.0.1');
  await t.barrier(socket);
  receiveBlockList.addAddress('::1', 'ipv6');
  const other = await t.boundPeer('other', 'udp6');
  await t.sent('blocked', other, 'blocked', socket.address().port, '::1');
  await t.sent('not blocked', await t.boundPeer('third'), 'heard', socket.address().port, '127.0.0.1');
  await t.turns(5);
}, { least: 5, needs: noIPv6 });

differential('B46 a receive error is an event, and the socket goes on', async (t) => {
  const socket = t.watch(await t.bound('socket'), 'message', 'close');
  for (let n = 0; n < 2; n++) {
    socket.connect(CLOSED_PORT, '127.0.0.1');
    await t.once(socket, 'connect');
    const failed = t.once(socket, 'error');
    socket.send('to nobody');
    t.note('error', ...await failed);
    socket.disconnect();
  }
  const { port } = socket.address();
  if (port) await t.barrier(socket);
  t.note('port kept', port !== 0);
}, { least: 2 });

differential('B46 a receive error comes before the datagrams received after it', async (t) => {
  const socket = await t.bound('socket');
  const peer = t.peer('peer');
  const port = await reservedPort();
  peer.bind(port, '127.0.0.1');
  await t.once(peer, 'listening');
  await t.connected(socket, peer);
  t.watch(socket, 'message', 'error');
  const gone = t.once(peer, 'close');
  peer.close();
  await gone;
  socket.send('to nobody');
  await t.once(socket, 'error');
  const back = t.peer('back');
  back.bind(port, '127.0.0.1');
  await t.once(back, 'listening');
  const heard = t.once(socket, 'message');
  back.send('I am back', socket.address().port, '127.0.0.1');
  await heard;
}, { least: 2 });

differential('B46 an unconnected socket never gets ECONNREFUSED', async (t) => {
  const socket = t.watch(await t.bound('socket'), 'error');
  for (let n = 0; n < 3; n++) await t.sent('sent', socket, 'x', CLOSED_PORT, '127.0.0.1');
  await t.barrier(socket);
}, { least: 3 });

differential('B47 what the handle reports by onerror is an error event', async (t) => {
  const socket = t.watch(await t.bound('socket'), 'error');
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => /^(state symbol|kStateSymbol)$/.test(description));
  const { handle } = socket[symbol];
  const failure = t.name('the failure', new Error('conversion'));
  t.call('onerror', () => handle.onerror(-1, handle, failure));
}, { least: 2 });

differential('B51 a connected socket receives from its peer only, a disconnected one from all', async (t) => {
  const socket = t.socket('socket');
  socket.bind(0, '127.0.0.1');
  await t.once(socket, 'listening');
  const { port } = socket.address();
  const [peer, stranger] = [await t.boundPeer('peer'), await t.boundPeer('stranger')];
  socket.on('message', (message) => t.note('heard', message));
  await t.connected(socket, peer);
  await t.sent('stranger', stranger, 'from a stranger', port, '127.0.0.1');
  const heard = t.once(socket, 'message');
  await t.sent('peer', peer, 'from the peer', port, '127.0.0.1');
  await heard;
  socket.disconnect();
  // The kernel chose the port, so disconnect released it (B52); a send binds the socket to a new one.
  await t.sent('out', socket, 'x', stranger.address().port, '127.0.0.1');
  const heardToo = t.once(socket, 'message');
  await t.sent('stranger', stranger, 'from a stranger', socket.address().port, '127.0.0.1');
  await heardToo;
}, { least: 6 });

differential('B69 small and large datagrams arrive whole', async (t) => {
  const { socket, sender } = await pair(t);
  socket.setRecvBufferSize(1 << 20);
  const sizes = [1, 60_000, 0, 2_000, 65_507, 3, 1_472, 9_000, 1, 40_000, 0, 1];
  const heard = t.times(socket, 'message', sizes.length);
  for (const [n, size] of sizes.entries()) sender.send(Buffer.alloc(size, n));
  for (const [n, [message, rinfo]] of (await heard).entries()) t.note(`datagram ${n}`, message.length, rinfo.size, message.every((byte) => byte === n));
}, { least: 12 });

/** Sends datagrams of these sizes from one socket of the module to another; returns what was received. */
async function receivedBatch(t, type, sizes) {
  const socket = await t.bound('socket', type);
  const sender = await t.connected(await t.bound('sender', type), socket);
  socket.setRecvBufferSize(1 << 20);
  const heard = t.times(socket, 'message', sizes.length);
  for (const [n, size] of sizes.entries()) sender.send(Buffer.alloc(size, 65 + n));
  return heard;
}

differential('B71 the last datagram of a GRO packet may be shorter', async (t) => {
  for (const sizes of [Array(8).fill(1_200), [...Array(7).fill(1_200), 1], [...Array(3).fill(500), 200, ...Array(3).fill(500)], [100, 200, 300], Array(64).fill(9)]) {
    const heard = await receivedBatch(t, 'udp4', sizes);
    t.note('heard', ...heard.map(([message]) => message));
  }
}, { least: 5 });

differential('B72 each datagram of a GRO packet has its own rinfo', async (t) => {
  for (const type of noIPv6 ? ['udp4'] : ['udp4', 'udp6']) {
    const heard = await receivedBatch(t, type, [...Array(20).fill(700), 30]);
    for (const [, rinfo] of heard) t.note('rinfo', rinfo);
  }
}, { least: 21 });

differential('B76 the order of events in one turn of the loop', async (t) => {
  const peer = await t.boundPeer('peer');
  const { port } = peer.address();
  peer.on('message', (message) => t.note('message', message));
  const socket = t.watch(t.socket('socket'), 'listening');
  socket.bind(0, '127.0.0.1', () => {
    t.note('bound');
    socket.send('a', port, '127.0.0.1', t.callback('a sent'));
    process.nextTick(t.callback('tick'));
    Promise.resolve().then(t.callback('microtask'));
    setImmediate(t.callback('immediate'));
  });
  socket.send('b', port, '127.0.0.1', t.callback('b sent'));
  await t.turns(5);
}, { least: 9 });

differential('B76 message comes before the immediate of the turn that sent it', async (t) => {
  const { socket, sender } = await pair(t);
  await t.turns(1);
  socket.on('message', (message) => t.note('message', message));
  sender.send('x');
  setImmediate(t.callback('immediate'));
  setTimeout(t.callback('timer'), 1_000_000).unref();
  process.nextTick(t.callback('tick'));
  await t.turns(3);
}, { least: 3 });
