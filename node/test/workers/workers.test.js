'use strict';
// heliogram/workers: threads that share a port.

const assert = require('node:assert');
const { execFileSync, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { extra } = require('../support/extras.js');
const { peers: { createSocket } } = require('../support/module.js');

const file = path.join(__dirname, 'fixtures', 'worker.mjs');
const needs = process.platform !== 'linux' && 'steering is Linux\'s';
const address = '127.0.0.1';

const listen = (options) => require('../../workers.js').listen({ file, address, workers: 3, ...options });

/** The reports of the threads on `count` datagrams, each of its own flow. */
async function heard(group, count) {
  const messages = [];
  const senders = Array.from({ length: count }, () => createSocket('udp4'));
  const all = new Promise((resolve) => group.on('message', (message) => messages.push(message) === count && resolve()));
  senders.forEach((sender, n) => sender.send(Buffer.from([n, 65]), group.port, group.address));
  await all;
  senders.forEach((sender) => sender.close());
  return messages;
}

/** The processors on which this process may run. */
function allowed() {
  const [, list] = /^Cpus_allowed_list:\s*(.*)$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'));
  return list.split(',').flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, n) => from + n);
  });
}

extra('steering by flow: each thread receives, and all datagrams arrive', async () => {
  const group = await listen({ data: 'some' });
  const messages = await heard(group, 120);
  assert.deepStrictEqual(messages.map(({ first }) => first).sort((a, b) => a - b), Array.from({ length: 120 }, (_, n) => n));
  assert.deepStrictEqual([...new Set(messages.map(({ index }) => index))].sort(), [0, 1, 2]);
  assert.deepStrictEqual([messages[0].workers, messages[0].data, group.workers.length], [3, 'some', 3]);
  await group.close();
  await assert.doesNotReject(group.close());
}, { needs });

extra('steering by a byte of the message', async () => {
  const group = await listen({ steer: { byte: 0 } });
  for (const { first, index } of await heard(group, 30)) assert.strictEqual(index, first % 3);
  await group.close();
  const far = await listen({ steer: { byte: 5 } });
  for (const { index } of await heard(far, 30)) assert.strictEqual(index, 0, 'of those that are too short');
  await far.close();
}, { needs });

extra('steering by CPU: that of the sender, over loopback', async () => {
  const group = await listen({ steer: 'cpu' });
  assert.strictEqual((await heard(group, 30)).length, 30);
  for (const cpu of allowed()) {
    const received = once(group, 'message');
    execFileSync('taskset', ['-c', String(cpu), 'bash', '-c', `echo -n x > /dev/udp/${address}/${group.port}`]);
    assert.strictEqual((await received)[0].index, cpu % 3);
  }
  await group.close();
}, { needs: needs || (spawnSync('taskset', ['-c', '0', 'bash', '-c', 'true']).status !== 0 && 'taskset or bash is missing') });

extra('a failure rejects listen(), and no thread is left', async () => {
  await assert.rejects(listen({ data: 'throw' }), { message: 'no thank you' });
  await assert.rejects(listen({ address: '192.0.2.1' }), { code: 'EADDRNOTAVAIL' });
  await assert.rejects(listen({ file: path.join(__dirname, 'none.mjs') }));
  await assert.rejects(listen({ steer: 'luck' }), { code: 'ERR_INVALID_ARG_VALUE' });
  await assert.rejects(listen({ workers: 0 }), { code: 'ERR_OUT_OF_RANGE' });
}, { needs });
