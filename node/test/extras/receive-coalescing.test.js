'use strict';
// With `receiveCoalescing` datagrams are read together after a delay, by a timer that /proc shows; the messages are the same.
// Without it no socket has a timer.

const assert = require('node:assert');
const path = require('node:path');
const { ends } = require('../support/process/lifetime.js');
const { eventually, extra, numbers, pair } = require('../support/extras.js');
const { timers } = require('../support/process/open-descriptors.js');
const { stream } = require('../support/network/paced-sender.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'receive-coalescing.js');
const COALESCING = { type: 'udp4', receiveCoalescing: 200 };
const linux = { needs: process.platform === 'linux' ? false : 'only Linux has the timer' };

/** A socket that receives a steady stream of single datagrams, and the texts received. */
async function streamed(t, options = COALESCING) {
  const socket = await t.bound('socket', options);
  const heard = [];
  socket.on('message', (message) => heard.push(String(message)));
  return { socket, heard, traffic: await stream(t, socket, () => heard.length) };
}

extra('receiveCoalescing is a whole number of microseconds', (t) => {
  const made = (receiveCoalescing) => t.dgram.createSocket({ type: 'udp4', receiveCoalescing }).close();
  for (const good of [undefined, 0, 1, 10_000]) made(good);
  for (const bad of [-1, 1.5, 10_001, NaN, Infinity]) assert.throws(() => made(bad), { code: 'ERR_OUT_OF_RANGE' });
  for (const bad of [null, true, '200', {}]) assert.throws(() => made(bad), { code: 'ERR_INVALID_ARG_TYPE' });
});

extra('no timer unless the program asks for it', async (t) => {
  const { socket, sender } = await pair(t);
  let heard = 0;
  socket.on('message', () => {
    heard += 1;
    assert.strictEqual(timers(), 0);
    sender.send('next');
  });
  sender.send('first');
  await eventually(t, () => heard > 2_000);
}, linux);

extra('single datagrams are coalesced, and none is lost', async (t) => {
  const { heard, traffic } = await streamed(t);
  await eventually(t, () => timers() === 1);
  const before = heard.length;
  await eventually(t, () => heard.length > before + 2_000);
  const sent = await traffic.end();
  await eventually(t, () => heard.length === sent);
  assert.deepStrictEqual(heard, numbers(sent));
}, linux);

extra('a datagram after a silence is received at once, and the next within the delay', async (t) => {
  const { socket, sender } = await pair(t, { type: 'udp4', receiveCoalescing: 10_000 });
  const heard = [];
  socket.on('message', (message) => heard.push(String(message)));
  for (let round = 0; round < 5; round++) {
    sender.send('first');
    await eventually(t, () => heard.length === 1);
    sender.send('second');
    await eventually(t, () => heard.length === 2);
    assert.deepStrictEqual(heard.splice(0), ['first', 'second']);
    await t.until((done) => setTimeout(done, 30)); // the timer has fired without a datagram
  }
}, linux);

extra('a flood is read as without coalescing', async (t) => {
  const { socket, sender } = await pair(t, { type: 'udp4', receiveCoalescing: 10_000 });
  socket.setRecvBufferSize(1 << 20);
  const heard = [];
  socket.on('message', (message) => heard.push(String(message)));
  for (const number of numbers(200)) sender.send(number);
  await eventually(t, () => heard.length === 200);
  assert.deepStrictEqual(heard, numbers(200));
}, linux);

extra('a socket that sends is coalesced all the same', async (t) => {
  const { socket, heard } = await streamed(t);
  socket.on('message', () => socket.send('answer', 9, '127.0.0.1'));
  await eventually(t, () => heard.length > 2_000 && timers() === 1);
}, linux);

extra('paused while datagrams wait, a socket emits nothing until it is resumed', async (t) => {
  const { socket, heard, traffic } = await streamed(t);
  await eventually(t, () => timers() === 1);
  socket.pause();
  const before = heard.length;
  await t.turns(20);
  assert.strictEqual(timers(), 0);
  assert.strictEqual(heard.length, before);
  socket.resume();
  await eventually(t, () => heard.length > before + 2_000 && timers() === 1);
  const sent = await traffic.end();
  await eventually(t, () => heard.length === sent);
  assert.deepStrictEqual(heard, numbers(sent));
}, linux);

extra('paused in its own listener while datagrams wait, a socket loses and repeats nothing', async (t) => {
  const { socket, heard, traffic } = await streamed(t);
  for (let round = 0; round < 20; round++) {
    const before = heard.length;
    socket.once('message', () => socket.pause());
    await eventually(t, () => socket.isPaused());
    await t.turns(2);
    socket.resume();
    await eventually(t, () => heard.length > before + 100);
  }
  const sent = await traffic.end();
  await eventually(t, () => heard.length === sent);
  assert.deepStrictEqual(heard, numbers(sent));
}, linux);

extra('closed while datagrams wait, a socket leaves no timer, and a new one on its port receives', async (t) => {
  for (let round = 0; round < 3; round++) {
    const { socket, heard, traffic } = await streamed(t);
    await eventually(t, () => timers() === 1 && heard.length > 100);
    socket.close();
    await traffic.end();
    await eventually(t, () => timers() === 0);
  }
}, linux);

extra('each of two sockets has a timer', async (t) => {
  const both = [await streamed(t), await streamed(t, { type: 'udp4', receiveCoalescing: 1_000 })];
  await eventually(t, () => timers() === 2);
  for (const { heard, traffic } of both) {
    await eventually(t, () => heard.length > 2_000);
    const sent = await traffic.end();
    await eventually(t, () => heard.length === sent);
    assert.deepStrictEqual(heard, numbers(sent));
  }
}, linux);

ends('the timer does not keep the process running', FIXTURE, 'unreferenced', { records: [['coalescing'], ['exit']] });
ends('a socket with waiting datagrams keeps the process running', FIXTURE, 'keepsRunning', {
  records: [['coalescing'], ['quiet'], ['message', 'late']],
});
