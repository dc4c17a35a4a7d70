'use strict';
// Tests of what heliogram has and node:dgram has not. Nothing to compare with: the tests assert.

const { differential } = require('./differential.js');

/** Declares a test whose scenario asserts. It gets a trace to make sockets with, which are closed when it ends. */
function extra(title, scenario, { needs = false } = {}) {
  const asserting = async (t) => {
    await scenario(t);
    t.note('no assertion failed');
  };
  differential(title, asserting, { needs, onHost: false });
}

/** A bound socket under test, and a socket of the host connected to it, whose sends are not batched. */
async function pair(t, options = 'udp4') {
  const socket = await t.bound('socket', options);
  const sender = await t.boundPeer('sender', socket.type);
  await t.connected(sender, socket);
  return { socket, sender };
}

/** Sends the numbers from `from` to `to` as text. */
function sendNumbers(sender, from, to) {
  for (let n = from; n <= to; n++) sender.send(String(n));
}

/** The numbers from 1 as text. */
const numbers = (count) => Array.from({ length: count }, (_, n) => String(n + 1));

/** What an action threw, or its promise was rejected with. */
async function failure(action) {
  try {
    await action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** Waits until the condition is true. */
async function eventually(t, condition) {
  let timer;
  await t.until((done) => {
    timer = setInterval(() => condition() && done(), 1);
  }, () => `${condition}`).finally(() => clearInterval(timer));
}

/**
 * Waits until a socket's timestamps are those of receipt. The kernel starts to take them a moment after the first socket has
 * asked; datagrams received before get the time at which they are read.
 */
async function timestampedOnReceipt(t, socket, sender) {
  for (let isOnReceipt = false; !isOnReceipt;) {
    socket.pause();
    await t.until((done) => sender.send('when?', done));
    await t.until((done) => setTimeout(done, 5));
    const read = BigInt(Date.now()) * 1_000_000n;
    const heard = t.once(socket, 'message');
    socket.resume();
    isOnReceipt = (await heard)[1].timestamp < read;
  }
}

module.exports = { eventually, failure, extra, numbers, pair, sendNumbers, timestampedOnReceipt };
