'use strict';
// The option pooledBuffers: several messages share one ArrayBuffer.

const assert = require('node:assert');
const { extra } = require('../support/extras.js');
const { subject } = require('../support/module.js');

/** Datagrams in one GSO batch: the most that the kernel takes in one send. */
const BATCH = 64;

/** A receiver with pooled buffers and room for several GRO packets, and a sender of GSO batches. */
async function pair(t) {
  const socket = await t.bound('socket', { type: 'udp4', pooledBuffers: true, recvBufferSize: 212_992 });
  const sender = subject.createSocket('udp4');
  t.after(() => sender.close());
  return { socket, sender };
}

/** Sends numbered datagrams of one size, which leave together. */
function burst(sender, socket, first, size) {
  for (let number = first; number < first + BATCH; number++) {
    const bytes = Buffer.alloc(size, number);
    bytes.writeUInt32LE(number);
    sender.send(bytes, socket.address().port, '127.0.0.1');
  }
}

const numberOf = (message) => message.readUInt32LE();

extra('messages share memory, which is never written a second time', async (t) => {
  const { socket, sender } = await pair(t);
  const messages = [];
  for (let round = 0; round < 8; round++) {
    const all = t.times(socket, 'message', BATCH);
    burst(sender, socket, round * BATCH, [4, 100, 900][round % 3] + round);
    for (const [message, { size, address }] of await all) {
      assert.ok(Buffer.isBuffer(message) && Object.getPrototypeOf(message) === Buffer.prototype);
      assert.deepStrictEqual([size, address], [message.length, '127.0.0.1']);
      messages.push(message);
    }
    socket.removeAllListeners('message');
  }
  assert.deepStrictEqual(messages.map(numberOf), Array.from({ length: 8 * BATCH }, (_, number) => number));
  assert.ok(messages.every((message) => message.subarray(4).every((byte) => byte === (numberOf(message) & 255))));
  const memories = new Set(messages.map(({ buffer }) => buffer));
  assert.ok(memories.size < messages.length / 16, `${memories.size} buffers`);
});

extra('single datagrams share memory too, and keep their receive metadata', async (t) => {
  const { socket, sender } = await pair(t);
  socket.setRecvMetadata({ ttl: true });
  const messages = [];
  for (const text of ['one', '', 'three']) {
    const heard = t.once(socket, 'message');
    sender.send(text, socket.address().port, '127.0.0.1');
    const [message, { ttl }] = await heard;
    messages.push(message);
    assert.ok(ttl > 0, `${ttl}`);
  }
  assert.deepStrictEqual(messages.map(String), ['one', '', 'three']);
  assert.ok(messages.every(({ buffer }) => buffer === messages[0].buffer));
}, { needs: process.platform !== 'linux' && 'only Linux reports the TTL here' });

extra('transferring the shared memory empties its messages, and the socket goes on receiving', async (t) => {
  const { socket, sender } = await pair(t);
  let round = 0;
  let count = 0;
  socket.on('message', (message) => {
    assert.strictEqual(Math.floor(numberOf(message) / BATCH), round);
    if (++count !== 5) return;
    const mine = structuredClone(message.buffer, { transfer: [message.buffer] });
    assert.strictEqual(message.length, 0);
    new Uint8Array(mine).fill(255); // no message may be written there any more
  });
  for (; round < 6; round++) {
    count = 0;
    burst(sender, socket, round * BATCH, 1_000);
    await t.turns(20);
    assert.ok(count >= 5, `${count} arrived`);
  }
});

extra('a page has nothing of the process’s memory', async (t) => {
  for (let n = 0; n < 200; n++) Buffer.allocUnsafeSlow(131_072).fill('secret'); // freed memory that an allocator may hand out
  const { socket, sender } = await pair(t);
  const received = t.once(socket, 'message');
  sender.send('message', socket.address().port, '127.0.0.1');
  const [message] = await received;
  const rest = Buffer.from(message.buffer);
  rest.fill(0, message.byteOffset, message.byteOffset + message.length);
  assert.ok(rest.every((byte) => byte === 0));
});
