'use strict';
// Jest checks with --detectLeaks that nothing keeps the context that the package was evaluated in.

const dgram = require('../../..');

test('a socket receives and closes', (done) => {
  const socket = dgram.createSocket('udp4', () => socket.close(done));
  socket.bind(0, '127.0.0.1', () => socket.send('a message', socket.address().port, '127.0.0.1'));
});
