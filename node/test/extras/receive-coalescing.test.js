'use strict';
// Datagrams that come one by one while nothing is sent wait for each other, by a timer that /proc shows; what is heard is the
// same.

const assert = require('node:assert');
const path = require('node:path');
const { ends } = require('../support/process/lifetime.js');
const { eventually, extra, numbers, pair } = require('../support/extras.js');
const { isOther } = require('../support/runtime.js');
const { stream } = require('../support/network/paced-sender.js');
const { timers } = require('../support/process/open-descriptors.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'receive-coalescing.js');
const linux = { needs: process.platform === 'linux' ? false : 'there is no timer but on Linux' };

/** A socket that is being sent datagrams one by one, whose texts are written down. */
async function streamed(t, options = 'udp4') {
  const socket = await t.bound('socket', options);
  const heard = [];
  socket.on('message', (message) => heard.push(String(message)));
  return { socket, heard, traffic: await stream(t, socket, () => heard.length) };
}

extra('datagrams that come one by one wait for each other, and nothing is lost', async (t) => {
  const { heard, traffic } = await streamed(t);
  await eventually(t, () => timers() === 1);
  const before = heard.length;
  await eventually(t, () => heard.length > before + 2_000);
  const sent = await traffic.end();
  await eventually(t, () => heard.length === sent);
  assert.deepStrictEqual(heard, numbers(sent));
  await eventually(t, () => timers() === 0);
}, linux);

extra('who sends is not kept waiting', async (t) => {
  const { socket, heard } = await streamed(t);
  await eventually(t, () => timers() === 1);
  let most = 0;
  socket.on('message', () => {
    socket.send('answer', 9, '127.0.0.1');
    most = Math.max(most, timers());
  });
  await eventually(t, () => timers() === 0);
  most = 0;
  const before = heard.length;
  await eventually(t, () => heard.length > before + 2_000);
  assert.strictEqual(most, 0);
}, linux);

extra('who is awaited by other ways than sending is not kept waiting', async (t) => {
  const { socket, sender } = await pair(t);
  let [heard, waited, soon, isOver] = [0, 0, 0, false];
  const next = () => isOver || sender.send('next');
  socket.on('message', () => {
    heard += 1;
    if (heard % 64 === 0) {
      const waits = timers() !== 0;
      waited += waits ? 1 : 0;
      soon = waits ? 0 : soon + 1;
    }
    setImmediate(next);
  });
  t.after(() => { isOver = true; });
  next();
  await eventually(t, () => waited > 0); // it has been tried
  soon = 0;
  await eventually(t, () => soon > 30);
}, { needs: linux.needs || isOther && 'one datagram under way takes two threads here, which is too slow to be tried' });

extra('without moderation none waits', async (t) => {
  const { socket } = await streamed(t);
  await eventually(t, () => timers() === 1); // so fast is the traffic here
  socket.close();
  const other = await streamed(t, { type: 'udp4', moderation: false });
  let most = 0;
  other.socket.on('message', () => { most = Math.max(most, timers()); });
  await eventually(t, () => timers() === 0);
  most = 0;
  const before = other.heard.length;
  await eventually(t, () => other.heard.length > before + 2_000);
  assert.strictEqual(most, 0);
}, linux);

extra('a small buffer is not left to fill', async (t) => {
  const { socket, heard } = await streamed(t);
  await eventually(t, () => timers() === 1);
  socket.setRecvBufferSize(60_000); // still room for all that may be unheard
  await eventually(t, () => timers() === 0);
  let most = 0;
  socket.on('message', () => { most = Math.max(most, timers()); });
  const before = heard.length;
  await eventually(t, () => heard.length > before + 2_000);
  assert.strictEqual(most, 0);
}, linux);

extra('paused while its datagrams wait, a socket hears nothing until it is resumed', async (t) => {
  const { socket, heard, traffic } = await streamed(t);
  await eventually(t, () => timers() === 1);
  socket.pause();
  const before = heard.length;
  await t.turns(20);
  await eventually(t, () => timers() === 0);
  assert.strictEqual(heard.length, before);
  socket.resume();
  await eventually(t, () => heard.length > before + 2_000 && timers() === 1);
  const sent = await traffic.end();
  await eventually(t, () => heard.length === sent);
  assert.deepStrictEqual(heard, numbers(sent));
}, linux);

extra('closed while its datagrams wait, a socket leaves no timer, and one in its place hears', async (t) => {
  for (let round = 0; round < 3; round++) {
    const { socket, heard, traffic } = await streamed(t);
    await eventually(t, () => timers() === 1 && heard.length > 100);
    socket.close();
    await traffic.end();
    await eventually(t, () => timers() === 0);
  }
}, linux);

extra('two sockets share the timer', async (t) => {
  const both = [await streamed(t), await streamed(t)];
  await eventually(t, () => timers() === 1);
  for (const { heard, traffic } of both) {
    await eventually(t, () => heard.length > 2_000);
    const sent = await traffic.end();
    await eventually(t, () => heard.length === sent);
    assert.deepStrictEqual(heard, numbers(sent));
  }
  await eventually(t, () => timers() === 0);
}, linux);

ends('the timer keeps no process running', FIXTURE, 'unreferenced', { records: [['moderated'], ['exit']] });
ends('a socket whose datagrams wait keeps its process running', FIXTURE, 'keepsRunning', {
  records: [['moderated'], ['quiet'], ['message', 'late']],
});
