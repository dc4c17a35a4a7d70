'use strict';
// One datagram between two sockets, with every callback and event awaited.

const LO = '127.0.0.1';

const called = (start) => new Promise((resolve) => start((...values) => resolve(values)));

async function exchange(dgram) {
  const receiver = dgram.createSocket('udp4');
  await called((done) => receiver.bind(0, LO, done));
  const message = called((done) => receiver.once('message', done));
  const sender = dgram.createSocket('udp4');
  const [error, size] = await called((done) => sender.send('hello', receiver.address().port, LO, done));
  const [bytes] = await message;
  await called((done) => sender.connect(receiver.address().port, LO, done));
  for (const socket of [sender, receiver]) await called((done) => socket.close(done));
  return [error, size, String(bytes)];
}

module.exports = { exchange, expected: [null, 5, 'hello'] };
