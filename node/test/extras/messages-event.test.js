'use strict';
// The event 'messages': the datagrams of one batch with one call.

const assert = require('node:assert');
const { BlockList } = require('node:net');
const { eventually, extra, numbers, pair, sendNumbers } = require('../support/extras.js');
const { CLOSED_PORT } = require('../support/network/namespaces.js');

const LO = '127.0.0.1';
const LARGEST = 64;
const notLinux = process.platform !== 'linux' && 'what is asked for here only Linux has';

/** The batches that a socket emits. */
function batchesOf(socket) {
  const batches = [];
  socket.on('messages', (messages, rinfos) => batches.push({ messages, rinfos }));
  return batches;
}

const texts = (batches) => batches.flatMap(({ messages }) => messages.map(String));

/** Sends numbers in one turn, as GSO batches where the system has them. */
const burst = (sender, from, to) => sender.sendMany(numbers(to).slice(from - 1));

async function ofOurs(t, options = { type: 'udp4', recvBufferSize: 1 << 20 }) {
  const socket = await t.bound('socket', options);
  const sender = await t.connected(await t.bound('sender', socket.type), socket);
  return { socket, sender };
}

extra('all messages in order with their rinfo, and no message event beside', async (t) => {
  const { socket, sender } = await ofOurs(t);
  const batches = batchesOf(socket);
  socket.on('message', () => t.note('a message by itself'));
  burst(sender, 1, 300);
  await eventually(t, () => texts(batches).length === 300);
  assert.deepStrictEqual(texts(batches), numbers(300));
  assert.ok(batches.length <= 300 / 8, `${batches.length} batches`);
  const { port } = sender.address();
  for (const { messages, rinfos } of batches) {
    assert.ok(messages.length >= 1 && messages.length <= LARGEST && rinfos.length === messages.length);
    for (const [n, message] of messages.entries()) {
      assert.ok(Buffer.isBuffer(message));
      assert.deepStrictEqual(rinfos[n], { address: LO, family: 'IPv4', port, size: message.length });
    }
  }
  assert.strictEqual(new Set(batches.flatMap(({ rinfos }) => rinfos)).size, 300, 'each has an rinfo of its own');
  assert.ok(!t.records.some(([label]) => label === 'a message by itself'));
});

extra('listeners added and removed', async (t) => {
  const { socket, sender } = await pair(t);
  const heard = [];
  const all = (messages) => heard.push(...messages.map((message) => `all ${message}`));
  socket.on('message', (message) => heard.push(`one ${message}`));
  for (const [n, change] of [() => {}, () => socket.on('messages', all), () => socket.off('messages', all), () => socket.once('messages', all), () => {}].entries()) {
    change();
    sender.send(`${n}`);
    await eventually(t, () => heard.length === n + 1);
  }
  assert.deepStrictEqual(heard, ['one 0', 'all 1', 'one 2', 'all 3', 'one 4']);
});

extra('messages share memory, which is never written a second time', async (t) => {
  const { socket, sender } = await ofOurs(t);
  const batches = batchesOf(socket);
  for (let round = 0; round < 20; round++) {
    burst(sender, round * 100 + 1, round * 100 + 100);
    await eventually(t, () => texts(batches).length === round * 100 + 100);
  }
  assert.deepStrictEqual(texts(batches), numbers(2_000));
  const memories = new Set(batches.flatMap(({ messages }) => messages.map(({ buffer }) => buffer)));
  assert.ok(memories.size < 100, `${memories.size} buffers`);
});

extra('single messages of a socket with pooledBuffers share memory too', async (t) => {
  const { socket, sender } = await ofOurs(t, { type: 'udp4', recvBufferSize: 1 << 20, pooledBuffers: true });
  const messages = [];
  socket.on('message', (message) => messages.push(message));
  burst(sender, 1, 500);
  await eventually(t, () => messages.length === 500);
  assert.deepStrictEqual(messages.map(String), numbers(500));
  assert.ok(new Set(messages.map(({ buffer }) => buffer)).size < 50);
});

extra('ticks and microtasks run after a batch, and an exception of a listener loses no other batch', async (t) => {
  const { socket, sender } = await ofOurs(t);
  const [log, errors] = [[], []];
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => errors.push(error.message));
  t.after(() => {
    process.removeAllListeners('uncaughtException');
    before.forEach((listener) => process.on('uncaughtException', listener));
  });
  socket.on('messages', (messages) => {
    log.push(...messages.map(String), '|');
    process.nextTick(() => log.push('tick'));
    queueMicrotask(() => log.push('microtask'));
    if (errors.length === 0) throw new Error('on purpose');
  });
  burst(sender, 1, 200);
  await eventually(t, () => log.filter((entry) => Number(entry)).length === 200 && log.at(-1) === 'microtask');
  assert.deepStrictEqual(errors, ['on purpose']);
  assert.deepStrictEqual(log.filter((entry) => Number(entry)), numbers(200));
  assert.match(log.join(' '), /^([\d ]+\| tick microtask ?)+$/u);
});

extra('no batch after a listener closes the socket', async (t) => {
  const { socket, sender } = await ofOurs(t);
  const batches = batchesOf(socket);
  socket.on('messages', () => socket.close());
  burst(sender, 1, 300);
  await t.once(socket, 'close');
  await t.turns(5);
  assert.strictEqual(batches.length, 1);
});

extra('pausing loses and reorders nothing', async (t) => {
  const { socket, sender } = await ofOurs(t);
  const batches = batchesOf(socket);
  socket.on('messages', () => {
    socket.pause();
    setTimeout(() => socket.resume(), 1);
  });
  burst(sender, 1, 300);
  await eventually(t, () => texts(batches).length === 300);
  assert.deepStrictEqual(texts(batches), numbers(300));
});

extra('each message has its receive metadata', async (t) => {
  const { socket, sender } = await ofOurs(t);
  socket.setRecvMetadata({ localAddress: true, ttl: true, tos: true, timestamp: true });
  const batches = batchesOf(socket);
  sender.sendMany(numbers(150), { ttl: 9, dscp: 46 });
  await eventually(t, () => texts(batches).length === 150);
  assert.deepStrictEqual(texts(batches), numbers(150));
  for (const { ttl, dscp, timestamp, localAddress, interface: of } of batches.flatMap(({ rinfos }) => rinfos)) {
    assert.deepStrictEqual([ttl, dscp, typeof timestamp, localAddress, of], [9, 46, 'bigint', LO, 'lo']);
  }
}, { needs: notLinux });

extra('no messages from blocked senders', async (t) => {
  const receiveBlockList = new BlockList();
  receiveBlockList.addAddress('127.0.0.5');
  const socket = await t.bound('socket', { type: 'udp4', receiveBlockList });
  const senders = [];
  for (const address of ['127.0.0.5', '127.0.0.6']) {
    const sender = t.peer(address);
    sender.bind(0, address);
    await t.once(sender, 'listening');
    senders.push(sender);
  }
  const batches = batchesOf(socket);
  const { port } = socket.address();
  for (const message of ['1', '2', '3']) for (const sender of senders) sender.send(message, port, LO);
  senders[0].send('4', port, LO);
  await eventually(t, () => texts(batches).length === 3);
  assert.deepStrictEqual(texts(batches), ['1', '2', '3']);
  assert.ok(batches.every(({ messages, rinfos }) => messages.length > 0 && rinfos.every(({ address }) => address === '127.0.0.6')));
}, { needs: notLinux });

extra('datagrams of many sizes', async (t) => {
  const { socket, sender } = await pair(t, { type: 'udp4', recvBufferSize: 1 << 21 });
  const batches = batchesOf(socket);
  const sizes = [0, 1, 65_507, 0, 1_400, 30_000, 65_507, 3];
  for (const [n, size] of sizes.entries()) sender.send(Buffer.alloc(size, n));
  await eventually(t, () => texts(batches).length === sizes.length);
  const messages = batches.flatMap((batch) => batch.messages);
  assert.deepStrictEqual(messages.map(({ length }) => length), sizes);
  assert.ok(messages.every((message, n) => message.every((byte) => byte === n)));
});

extra('receive errors are error events', async (t) => {
  const socket = await t.bound('socket');
  const batches = batchesOf(socket);
  await t.connected(socket, { address: () => ({ port: CLOSED_PORT, address: LO }) });
  const heard = t.once(socket, 'error');
  socket.send('anybody?');
  assert.strictEqual((await heard)[0].code, 'ECONNREFUSED');
  assert.deepStrictEqual(batches, []);
}, { needs: notLinux });

extra('a flooded socket does not starve others', async (t) => {
  const { socket, sender } = await pair(t, { type: 'udp4', recvBufferSize: 1 << 20 });
  let [turns, inTurn, most] = [0, 0, 0];
  socket.on('messages', (messages) => {
    inTurn += messages.length;
    most = Math.max(most, inTurn);
  });
  sendNumbers(sender, 1, 1_000);
  const turn = () => {
    [turns, inTurn] = [turns + 1, 0];
    if (turns < 500) setImmediate(turn);
  };
  await t.until((done) => { turn(); setTimeout(done, 200); });
  assert.ok(most >= 1 && most <= LARGEST, `${most}`);
});
