'use strict';
// Tests of what heliogram's sockets have and the host's lack: there is no oracle, so each says what must be.

const { differential } = require('./differential.js');

/** Declares a test whose scenario asserts, and has a trace to make sockets with, which are closed when it ends. */
function extra(title, scenario, { needs = false } = {}) {
  const asserting = async (t) => {
    await scenario(t);
    t.note('no assertion failed');
  };
  differential(title, asserting, { needs, onHost: false });
}

/** A bound socket under test and a connected one of the host's, whose sends arrive at once. */
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

/** What an action threw, or what its promise was broken with. */
async function failure(action) {
  try {
    await action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** The sign of life of a condition that must become true. */
async function eventually(t, condition) {
  let timer;
  await t.until((done) => {
    timer = setInterval(() => condition() && done(), 1);
  }, () => `${condition}`).finally(() => clearInterval(timer));
}

/**
 * Waits until the times that a socket is told are those of arrival. The kernel begins to take them a moment after the first
 * socket has asked, and gives what came before the time at which it is read.
 */
async function timedOnArrival(t, socket, sender) {
  for (let isTimed = false; !isTimed;) {
    socket.pause();
    await t.until((done) => sender.send('when?', done));
    await t.until((done) => setTimeout(done, 5));
    const read = BigInt(Date.now()) * 1_000_000n;
    const heard = t.once(socket, 'message');
    socket.resume();
    isTimed = (await heard)[1].timestamp < read;
  }
}

module.exports = { eventually, failure, extra, numbers, pair, sendNumbers, timedOnArrival };
