'use strict';
// heliogram/workers: threads that share a port.

const assert = require('node:assert');
const { createSocket } = require('node:dgram');
const path = require('node:path');
const test = require('node:test');
const { lacking } = require('../support/differential.js');

const file = path.join(__dirname, 'fixtures', 'worker.mjs');
const skip = lacking(false) || (process.platform !== 'linux' && 'steering is Linux\'s');
const address = '127.0.0.1';

const listen = (options) => require('../../workers.js').listen({ file, address, workers: 3, ...options });

/** What the threads heard of `count` datagrams, of as many flows. */
async function heard(group, count) {
  const messages = [];
  const senders = Array.from({ length: count }, () => createSocket('udp4'));
  const all = new Promise((resolve) => group.on('message', (message) => messages.push(message) === count && resolve()));
  senders.forEach((sender, n) => sender.send(Buffer.from([n, 65]), group.port, group.address));
  await all;
  senders.forEach((sender) => sender.close());
  return messages;
}

test('by flow each thread receives, and all datagrams arrive', { skip, timeout: 60_000 }, async () => {
  const group = await listen({ data: 'some' });
  const messages = await heard(group, 120);
  assert.deepStrictEqual(messages.map(({ first }) => first).sort((a, b) => a - b), Array.from({ length: 120 }, (_, n) => n));
  assert.deepStrictEqual([...new Set(messages.map(({ index }) => index))].sort(), [0, 1, 2]);
  assert.deepStrictEqual([messages[0].workers, messages[0].data, group.workers.length], [3, 'some', 3]);
  await group.close();
  await assert.doesNotReject(group.close());
});

test('by a byte of the message', { skip, timeout: 60_000 }, async () => {
  const group = await listen({ steer: { byte: 0 } });
  for (const { first, index } of await heard(group, 30)) assert.strictEqual(index, first % 3);
  await group.close();
});

test('by processor all arrive', { skip, timeout: 60_000 }, async () => {
  const group = await listen({ steer: 'cpu' });
  assert.strictEqual((await heard(group, 30)).length, 30);
  await group.close();
});

test('what fails is told, and no thread is left', { skip, timeout: 60_000 }, async () => {
  await assert.rejects(listen({ data: 'throw' }), { message: 'no thank you' });
  await assert.rejects(listen({ address: '192.0.2.1' }), { code: 'EADDRNOTAVAIL' });
  await assert.rejects(listen({ file: path.join(__dirname, 'none.mjs') }));
  await assert.rejects(listen({ steer: 'luck' }), { code: 'ERR_INVALID_ARG_VALUE' });
  await assert.rejects(listen({ workers: 0 }), { code: 'ERR_OUT_OF_RANGE' });
});
