'use strict';
// Ports for tests that close a port and expect that no other process takes it.

const dgram = require('node:dgram');
const { once } = require('node:events');
const net = require('node:net');

/** Ports that no system chooses by itself: FreeBSD starts at 10,000, Linux at 32,768, macOS and Windows at 49,152. */
const RESERVED = { first: 5_000, count: 5_000 };

/**
 * A port of 127.0.0.1 that no socket of another program or test gets by chance, open or closed. A TCP listener on the same
 * number, open until the process ends, keeps other tests away.
 */
async function reservedPort() {
  for (;;) {
    const port = RESERVED.first + Math.floor(Math.random() * RESERVED.count);
    const listener = net.createServer().unref();
    if (await succeeds(listener, () => listener.listen(port, '127.0.0.1')) && await isFree(port)) return port;
  }
}

async function isFree(port) {
  const socket = dgram.createSocket('udp4');
  if (!await succeeds(socket, () => socket.bind(port, '127.0.0.1'))) return false;
  socket.close();
  await once(socket, 'close');
  return true;
}

/** Whether the server or socket listens after `start`. */
function succeeds(server, start) {
  return new Promise((resolve) => {
    server.once('listening', () => resolve(true)).once('error', () => resolve(false));
    start();
  });
}

module.exports = { reservedPort };
