'use strict';
// B36: what the listeners of one delivery send without a callback leaves together when the delivery ends, and before
// everything that could show the difference. What has left is in the receive queue of the peer, which the kernel shows.

const assert = require('node:assert');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { eventually, extra, numbers, pair, sendNumbers } = require('../../support/extras.js');
const { lacking, unread } = require('../../support/network/unread.js');
const { ends } = require('../../support/process/lifetime.js');
const { isOther } = require('../../support/runtime.js');

const FIXTURE = path.join(__dirname, '..', 'fixtures', 'held-answers.js');

/** Declares a test of what has left when. */
const held = (title, scenario) => extra(`B36 ${title}`, scenario, { needs: lacking });

/** A socket and a peer which has `count` messages for the socket, that one delivery brings after `resume()`. */
async function asked(t, count, options = 'udp4') {
  const { socket, sender: peer } = await pair(t, options);
  socket.pause();
  await ask(t, peer, count);
  return { socket, peer, answer: (text, ...more) => socket.send(text, peer.address().port, '127.0.0.1', ...more) };
}

async function ask(t, peer, count) {
  sendNumbers(peer, 1, count - 1);
  await t.until((done) => peer.send(String(count), done));
}

/** Resumes; calls `listeners` for one message each, and waits for the last. */
async function deliver(t, socket, listeners) {
  let next = 0;
  socket.on('message', (message) => listeners[next++]?.(String(message)));
  socket.resume();
  await eventually(t, () => next >= listeners.length);
}

/** The texts that a socket hears. */
function hear(peer) {
  const heard = [];
  peer.on('message', (message) => heard.push(String(message)));
  return heard;
}

function work(milliseconds) {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

held('answers of one delivery are held until it ends, and keep their order', async (t) => {
  const { socket, peer, answer } = await asked(t, 16);
  const heard = hear(peer);
  let second;
  socket.on('message', (message) => {
    if (String(message) === '2') second = unread(peer);
    answer(message);
  });
  socket.resume();
  await eventually(t, () => heard.length === 16);
  assert.strictEqual(second, 0);
  assert.deepStrictEqual(heard, numbers(16));
});

held('answers of microtasks are held too', async (t) => {
  const { socket, peer, answer } = await asked(t, 3);
  const heard = hear(peer);
  const later = async (text) => {
    await null;
    answer(text);
  };
  let second;
  await deliver(t, socket, [later, (text) => { second = unread(peer); later(text); }, later]);
  await eventually(t, () => heard.length === 3);
  assert.strictEqual(second, 0);
  assert.deepStrictEqual(heard, numbers(3));
});

held('answers to a connected peer are held after the first', async (t) => {
  const { socket, peer } = await asked(t, 4);
  await t.connected(socket, peer);
  const heard = hear(peer);
  const seen = [];
  const look = (text) => {
    seen.push(unread(peer));
    socket.send(text);
  };
  await deliver(t, socket, [look, look, look, look]);
  await eventually(t, () => heard.length === 4);
  assert.deepStrictEqual([seen[0], seen[1] > 0, seen[2] - seen[1]], [0, true, 0]);
  assert.deepStrictEqual(heard, numbers(4));
});

held('a socket without offload holds nothing', async (t) => {
  const { socket, peer, answer } = await asked(t, 2, { type: 'udp4', offload: false });
  let left;
  await deliver(t, socket, [answer, () => { left = unread(peer); }]);
  assert.ok(left > 0);
});

if (!lacking) {
  ends('B36 HELIOGRAM_OFFLOAD=0 is the same for all sockets', FIXTURE, 'second', { env: { HELIOGRAM_OFFLOAD: '0' }, records: [['left', true]] });
  ends('B36 other values are not', FIXTURE, 'second', { env: { HELIOGRAM_OFFLOAD: '' }, records: [['left', false]] });
}

held('answers that have been held for 100 us leave before the next listener', async (t) => {
  const { socket, peer, answer } = await asked(t, 4);
  const seen = [];
  const look = (text) => {
    seen.push(unread(peer));
    answer(text);
    work(0.2);
  };
  await deliver(t, socket, [look, look, look, look]);
  assert.deepStrictEqual(seen.slice(0, 2), [0, 0]);
  assert.ok(seen[2] > 0 && seen[3] > seen[2], `${seen}`);
});

held('nothing is held while listeners are slow, and again when they are not', async (t) => {
  const { socket, peer, answer } = await asked(t, 3);
  hear(peer);
  let messages = 0;
  let listener;
  socket.on('message', (message) => {
    messages++;
    listener(String(message));
  });
  const round = async (calls) => {
    listener = calls;
    const before = messages;
    socket.resume();
    await eventually(t, () => messages === before + 3);
    socket.pause();
    await sleep(1);
    await ask(t, peer, 3);
  };
  /** Whether the first answer has left before the second listener is called. */
  const leavesAtOnce = async () => {
    let left;
    await round((text) => (text === '1' ? answer(text) : left ??= unread(peer)));
    return left > 0;
  };
  await round((text) => {
    answer(text);
    work(0.2);
  });
  assert.strictEqual(await leavesAtOnce(), true);
  for (let n = 0; n < 100; n++) {
    await round(answer); // on a busy machine some are slow
    if (await leavesAtOnce() === false) return;
  }
  assert.fail('nothing is held any more');
});

/** What sends held answers before it happens: called by the second listener, by whose end the first answer has left. */
const FLUSHES = {
  'a close': (t, { socket }) => socket.close(),
  'the close of another socket': (t, { other }) => other.close(),
  'setting an option': (t, { socket }) => socket.setTTL(9),
  'setting an option of another socket': (t, { other }) => other.setMulticastLoopback(true),
  'setting a socket option of heliogram': (t, { socket }) => socket.setDontFragment(false),
  'reading a socket option of heliogram': (t, { socket }) => socket.getTTL(),
  'reading a buffer size': (t, { socket }) => socket.getSendBufferSize(),
  'getSendQueueSize()': (t, { socket }) => assert.strictEqual(socket.getSendQueueSize(), 0),
  'getSendQueueCount()': (t, { other }) => assert.strictEqual(other.getSendQueueCount(), 0),
  'stats()': (t, { socket }) => socket.stats(),
  'pause()': (t, { socket }) => socket.pause(),
  'the pause of another socket': (t, { other }) => other.pause(),
  'connectSync()': (t, { socket, peer }) => socket.connectSync(peer.address().port, '127.0.0.1'),
  'disconnect()': (t, { connected }) => connected.disconnect(),
};

for (const [title, act] of Object.entries(FLUSHES)) {
  held(`before ${title} held answers leave`, async (t) => {
    const parts = await asked(t, 3);
    const { socket, peer, answer } = parts;
    parts.other = await t.bound('other');
    parts.connected = await t.connected(await t.bound('connected'), peer);
    const seen = [];
    await deliver(t, socket, [answer, () => {
      seen.push(unread(peer));
      act(t, parts);
      seen.push(unread(peer));
    }]);
    assert.deepStrictEqual([seen[0], seen[1] > 0], [0, true]);
  });
}

held('before a connect ends held answers leave', async (t) => {
  const { socket, peer, answer } = await asked(t, 3);
  let left;
  await deliver(t, socket, [answer, () => socket.connect(peer.address().port, '127.0.0.1', () => { left = unread(peer); }), () => {}]);
  await eventually(t, () => left !== undefined);
  assert.ok(left > 0);
});

held('a send with a callback takes held answers along, in the order of the calls', async (t) => {
  const { socket, peer, answer } = await asked(t, 4);
  const heard = hear(peer);
  const seen = [];
  const note = () => seen.push(unread(peer));
  await deliver(t, socket, [answer, (text) => { note(); answer(text, note); answer('more'); }, (text) => { note(); answer(text); }, answer]);
  await eventually(t, () => heard.length === 5);
  assert.strictEqual(seen[0], 0);
  assert.ok(seen[1] > 0 && seen[2] >= seen[1], `${seen}`);
  assert.deepStrictEqual(heard, ['1', '2', 'more', '3', '4']);
});

held('answers of several sockets in one delivery keep the order of each', async (t) => {
  const { socket, peer, answer } = await asked(t, 8);
  const otherPeer = await t.boundPeer('other peer');
  const other = await t.connected(await t.bound('other'), otherPeer);
  const heard = [hear(peer), hear(otherPeer)];
  const both = (text) => {
    answer(text);
    other.send(text);
    socket.send(`also ${text}`, otherPeer.address().port, '127.0.0.1');
  };
  await deliver(t, socket, Array.from({ length: 8 }, () => both));
  await eventually(t, () => heard[0].length === 8 && heard[1].length === 16);
  const also = heard[1].filter((text) => text.startsWith('also')).map((text) => text.slice(5));
  assert.deepStrictEqual([heard[0], heard[1].filter((text) => !text.startsWith('also')), also], Array.from({ length: 3 }, () => numbers(8)));
});

/** Collects uncaught exceptions until the test ends. */
function uncaught(t, onError) {
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', onError);
  t.after(() => {
    process.removeAllListeners('uncaughtException');
    before.forEach((listener) => process.on('uncaughtException', listener));
  });
}

const THROWERS = { 'a listener': (error) => { throw error; }, 'a tick': (error) => process.nextTick(() => { throw error; }) };

for (const [where, raise] of Object.entries(THROWERS)) {
  if (isOther && where === 'a tick') continue; // Deno and Bun report it themselves
  held(`what ${where} throws is reported after held answers have left`, async (t) => {
    const { socket, peer, answer } = await asked(t, 4);
    const seen = [];
    uncaught(t, ({ message }) => seen.push(message, unread(peer) > 0));
    await deliver(t, socket, [answer, () => raise(new Error('thrown')), answer, () => {}]);
    await eventually(t, () => seen.length === 2);
    assert.deepStrictEqual(seen, ['thrown', true]);
  });
}
