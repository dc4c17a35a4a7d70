'use strict';
// B36: within one flush the datagrams of each destination leave together, the destinations in the order of their first datagrams,
// where that makes GSO batches. A socket on all addresses is several destinations, and shows their order.

const assert = require('node:assert');
const { eventually, extra } = require('../../support/extras.js');

const ADDRESSES = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];

/** A socket, and a receiver with what it has heard. */
async function both(t, options = 'udp4') {
  const socket = await t.bound('socket', options);
  const receiver = t.socket('receiver', { type: 'udp4', offload: false });
  receiver.bind(0);
  await t.once(receiver, 'listening');
  receiver.setRecvBufferSize(1 << 22);
  const heard = [];
  receiver.on('message', (message) => heard.push(String(message)));
  return { socket, heard, port: receiver.address().port };
}

/** `rounds` rounds of a datagram to each address: what the datagrams say, and where they go. */
const rounds = (count) => Array.from({ length: count }, (_, round) => ADDRESSES.map((address, to) => ({ message: `${to} ${round}`, address }))).flat();

/** The order in which the datagrams of each address follow each other. */
const grouped = (list) => ADDRESSES.flatMap((address) => list.filter((datagram) => datagram.address === address));

const texts = (list) => list.map(({ message }) => message);

/** Whether the kernel and the build have GSO: what is sent in one turn to one peer then leaves as one batch. */
async function hasGso(t) {
  const { socket, heard, port } = await both(t);
  for (let n = 0; n < 2; n++) socket.send('same', port, ADDRESSES[0]);
  await eventually(t, () => heard.length === 2);
  return socket.stats().gsoBatchesOut > 0;
}

extra('B36 datagrams of one turn leave grouped by destination where that makes GSO batches', async (t) => {
  const { socket, heard, port } = await both(t);
  const sent = rounds(8);
  const calledBack = [];
  for (const { message, address } of sent) socket.send(message, port, address, () => calledBack.push(message));
  await eventually(t, () => heard.length === sent.length && calledBack.length === sent.length);
  const isGrouped = await hasGso(t);
  assert.deepStrictEqual(heard, texts(isGrouped ? grouped(sent) : sent));
  assert.deepStrictEqual(calledBack, texts(sent));
  if (isGrouped) assert.strictEqual(socket.stats().gsoBatchesOut, ADDRESSES.length);
});

extra('B36 without offload the order is that of the calls', async (t) => {
  const { socket, heard, port } = await both(t, { type: 'udp4', offload: false });
  const sent = rounds(8);
  for (const { message, address } of sent) socket.send(message, port, address);
  await eventually(t, () => heard.length === sent.length);
  assert.deepStrictEqual(heard, texts(sent));
});

extra('B36 without a GSO batch to be made the order is that of the calls', async (t) => {
  const { socket, heard, port } = await both(t);
  const sent = rounds(4).map((datagram, n) => ({ ...datagram, message: datagram.message + '.'.repeat(n) }));
  for (const { message, address } of sent) socket.send(message, port, address);
  await eventually(t, () => heard.length === sent.length);
  assert.deepStrictEqual(heard, texts(sent));
});

extra('B36 each destination keeps its order whatever the sizes are', async (t) => {
  const { socket, heard, port } = await both(t);
  const sent = rounds(30).map((datagram, n) => ({ ...datagram, message: datagram.message.padEnd([9, 9, 900, 9, 40][(n / 3 | 0) % 5]) }));
  for (const { message, address } of sent) socket.send(message, port, address);
  await eventually(t, () => heard.length === sent.length);
  for (const to of ADDRESSES.keys()) {
    const toOne = (list) => list.filter((text) => text.startsWith(`${to}`));
    assert.deepStrictEqual(toOne(heard), toOne(texts(sent)));
  }
});

extra('B36 sendMany() groups, and says which datagram failed and how many have left', async (t) => {
  const { socket, heard, port } = await both(t);
  const sent = rounds(8);
  const failing = [5, 11].map((at) => Object.assign(sent[at], { message: Buffer.alloc(65_508) }).message);
  const list = sent.map((datagram) => ({ ...datagram, port }));
  const [error, count] = await t.until((done) => socket.sendMany(list, done));
  assert.deepStrictEqual([error.code, error.index, count], ['EMSGSIZE', 5, sent.length - failing.length]);
  await eventually(t, () => heard.length === count);
  const left = sent.filter(({ message }) => !failing.includes(message));
  assert.deepStrictEqual(heard, texts(await hasGso(t) ? grouped(left) : left));
});

extra('B88 a flush holds 256 datagrams and 384 KiB', async (t) => {
  const { socket, heard, port } = await both(t);
  const flush = async (count, size) => {
    const before = socket.stats().gsoBatchesOut;
    for (let n = 0; n < count; n++) socket.send(String(n).padEnd(size), port, ADDRESSES[n % 2]);
    await eventually(t, () => heard.length === count);
    const numbers = heard.splice(0).map(Number);
    for (const parity of [0, 1]) assert.deepStrictEqual(numbers.filter((n) => n % 2 === parity), Array.from({ length: count / 2 }, (_, n) => 2 * n + parity));
    return socket.stats().gsoBatchesOut - before;
  };
  const isGrouped = await hasGso(t);
  const batches = [await flush(256, 100), await flush(258, 100), await flush(96, 4_096), await flush(98, 4_096)];
  // At most 64 datagrams and 65,507 bytes are in a batch; two datagrams of a flush of their own go to two destinations.
  if (isGrouped) assert.deepStrictEqual(batches, [4, 4, 8, 8]);
});
