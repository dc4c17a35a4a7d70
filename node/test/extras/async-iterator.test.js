'use strict';
// for await (const { message, rinfo } of socket), and socket.messages().

const assert = require('node:assert');
const { getEventListeners } = require('node:events');
const { eventually, failure, extra, numbers, pair, sendNumbers } = require('../support/extras.js');

/** The texts of all messages until the end, or of the first `most`. */
async function read(messages, most = Infinity) {
  const texts = [];
  for await (const { message } of messages) {
    texts.push(String(message));
    if (texts.length === most) break;
  }
  return texts;
}

const listeners = (socket) => ['message', 'error', 'close'].map((event) => socket.listenerCount(event));

extra('messages come in order, with their rinfo', async (t) => {
  const { socket, sender } = await pair(t);
  const seen = [];
  sendNumbers(sender, 1, 30);
  for await (const { message, rinfo, ...rest } of socket) {
    assert.deepStrictEqual(rest, {});
    assert.deepStrictEqual(rinfo, { address: '127.0.0.1', family: 'IPv4', port: sender.address().port, size: message.length });
    if (seen.push(String(message)) === 30) break;
  }
  assert.deepStrictEqual(seen, numbers(30));
});

extra('the loop ends after the last message received before the close', async (t) => {
  const { socket, sender } = await pair(t);
  const messages = socket.messages();
  sendNumbers(sender, 1, 5);
  await t.times(socket, 'message', 5);
  socket.close();
  await t.once(socket, 'close');
  assert.deepStrictEqual(await read(messages), numbers(5));
  assert.deepStrictEqual(await messages.next(), { value: undefined, done: true });
  assert.deepStrictEqual(await read(socket), [], 'of a closed socket');
});

extra('a waiting next() is done when the socket closes', async (t) => {
  const { socket } = await pair(t);
  const messages = socket.messages();
  const waiting = [messages.next(), messages.next()];
  socket.close();
  for (const next of waiting) assert.deepStrictEqual(await next, { value: undefined, done: true });
});

extra('an error is thrown after the messages before it, and ends the iteration', async (t) => {
  const { socket, sender } = await pair(t);
  const messages = socket.messages();
  sendNumbers(sender, 1, 2);
  await t.times(socket, 'message', 2);
  const error = new Error('made up');
  socket.emit('error', error);
  assert.deepStrictEqual([String((await messages.next()).value.message), String((await messages.next()).value.message)], ['1', '2']);
  assert.strictEqual(await failure(() => messages.next()), error);
  assert.deepStrictEqual(await messages.next(), { value: undefined, done: true });
  assert.deepStrictEqual(listeners(socket), [1, 0, 0], 'of this test');
  const next = socket.messages().next();
  socket.emit('error', error);
  assert.strictEqual(await failure(() => next), error);
});

extra('breaking the loop leaves the socket open, without listeners', async (t) => {
  const { socket, sender } = await pair(t);
  sendNumbers(sender, 1, 3);
  assert.deepStrictEqual(await read(socket, 1), ['1']);
  assert.deepStrictEqual(listeners(socket), [0, 0, 0]);
  sendNumbers(sender, 4, 4);
  const { value } = await socket.messages().next();
  assert.ok(value.message.length === 1);
  const messages = socket.messages();
  assert.deepStrictEqual(await messages.return('early'), { value: 'early', done: true });
  const error = new Error('thrown in');
  assert.strictEqual(await failure(() => socket.messages().throw(error)), error);
});

extra('each loop and each listener receives every message', async (t) => {
  const { socket, sender } = await pair(t);
  const heard = t.times(socket, 'message', 10);
  const loops = [read(socket, 10), read(socket.messages({ highWaterMark: 1 }), 10)];
  sendNumbers(sender, 1, 10);
  for (const texts of await Promise.all(loops)) assert.deepStrictEqual(texts, numbers(10));
  assert.strictEqual((await heard).length, 10);
});

/** Counts the messages emitted while the iterator is not read: waits for `least`, and a while longer for more. */
async function heardUnread(t, { socket, sender }, options, send, least) {
  let heard = 0;
  socket.setRecvBufferSize(1 << 22);
  socket.on('message', () => { heard += 1; });
  const messages = socket.messages(options);
  await send(sender);
  await eventually(t, () => heard >= least);
  await t.until((done) => setTimeout(done, 50));
  return { heard, messages };
}

extra('an iterator that is not read stops the socket at its high-water mark, and nothing is lost', async (t) => {
  const ends = await pair(t);
  const { heard, messages } = await heardUnread(t, ends, { highWaterMark: 10 }, (sender) => sendNumbers(sender, 1, 90), 10);
  assert.strictEqual(heard, 10);
  assert.strictEqual(ends.socket.isPaused(), false, 'the program has not paused it');
  assert.deepStrictEqual(await read(messages, 90), numbers(90));
});

extra('the high-water mark in bytes', async (t) => {
  const ends = await pair(t);
  const send = (sender) => { for (let n = 0; n < 10; n++) sender.send(Buffer.alloc(1_000, n)); };
  const { heard, messages } = await heardUnread(t, ends, { highWaterMarkBytes: 3_000 }, send, 3);
  assert.strictEqual(heard, 3);
  assert.strictEqual((await read(messages, 10)).length, 10);
});

extra('the default high-water marks: 256 messages, 1 MiB', async (t) => {
  const byCount = await heardUnread(t, await pair(t), {}, async (sender) => {
    for (let from = 1; from <= 400; from += 40) {
      sendNumbers(sender, from, from + 39);
      await t.turns(3);
    }
  }, 256);
  assert.strictEqual(byCount.heard, 256);
  assert.deepStrictEqual(await read(byCount.messages, 256), numbers(256));
  const most = Math.ceil((1 << 20) / 60_000);
  const byBytes = await heardUnread(t, await pair(t), {}, async (sender) => {
    for (let n = 0; n < 24; n++) {
      sender.send(Buffer.alloc(60_000));
      await t.turns(3);
    }
  }, most);
  assert.strictEqual(byBytes.heard, most);
});

extra('an iterator that has ended no longer stops the socket', async (t) => {
  const ends = await pair(t);
  const { heard, messages } = await heardUnread(t, ends, { highWaterMark: 5 }, (sender) => sendNumbers(sender, 1, 20), 5);
  assert.strictEqual(heard, 5);
  const others = t.times(ends.socket, 'message', 15);
  await messages.return();
  assert.strictEqual((await others).length, 15);
});

extra('aborting ends the loop, and leaves the socket open', async (t) => {
  const { socket, sender } = await pair(t);
  const control = new AbortController();
  const messages = socket.messages({ signal: control.signal });
  sendNumbers(sender, 1, 1);
  await t.once(socket, 'message');
  control.abort('enough');
  assert.deepStrictEqual(String((await messages.next()).value.message), '1');
  const error = await failure(() => messages.next());
  assert.deepStrictEqual([error.name, error.code, error.message, error.cause], ['AbortError', 'ABORT_ERR', 'The operation was aborted', 'enough']);
  assert.deepStrictEqual(await messages.next(), { value: undefined, done: true });
  assert.strictEqual(getEventListeners(control.signal, 'abort').length, 0);
  assert.strictEqual((await failure(() => socket.messages({ signal: control.signal }))).code, 'ABORT_ERR');
  assert.ok(socket.address().port > 0, 'still open');
});

extra('the listener of the signal is removed when the loop ends', async (t) => {
  const { socket } = await pair(t);
  const { signal } = new AbortController();
  const messages = socket.messages({ signal });
  assert.strictEqual(getEventListeners(signal, 'abort').length, 1);
  await messages.return();
  assert.strictEqual(getEventListeners(signal, 'abort').length, 0);
});

extra('invalid options', async (t) => {
  const socket = t.socket('socket');
  const codes = [null, 5, { highWaterMark: 0 }, { highWaterMark: 1.5 }, { highWaterMark: '9' }, { highWaterMarkBytes: 0 }, { signal: {} }];
  const expected = ['TYPE', 'TYPE', 'RANGE', 'RANGE', 'TYPE', 'RANGE', 'TYPE'].map((what) => (what === 'TYPE' ? 'ERR_INVALID_ARG_TYPE' : 'ERR_OUT_OF_RANGE'));
  for (const [n, options] of codes.entries()) assert.strictEqual((await failure(() => socket.messages(options))).code, expected[n]);
  assert.deepStrictEqual(listeners(socket), [0, 0, 0]);
});

extra('it inherits from the AsyncIterator of the language', async (t) => {
  const messages = t.socket('socket').messages();
  assert.strictEqual(messages[Symbol.asyncIterator](), messages);
  const own = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype);
  assert.ok(Object.prototype.isPrototypeOf.call(own, messages));
  await messages.return();
});


extra('many next() at once', async (t) => {
  const { socket, sender } = await pair(t);
  const messages = socket.messages();
  const waiting = Array.from({ length: 20 }, () => messages.next());
  sendNumbers(sender, 1, 20);
  assert.deepStrictEqual((await Promise.all(waiting)).map(({ value }) => String(value.message)), numbers(20));
});
