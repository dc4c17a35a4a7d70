// A game server: players send where they want to go; twenty times a second everybody gets where everybody is.
//
//   node game-server.mjs [port]

import process from 'node:process';
import { createSocket } from 'heliogram';

const [port = 7777] = process.argv.slice(2).map(Number);
const TICK = 50; // ms
const SILENT = 5_000; // ms after which a player is gone

/** Players by address and port. */
const players = new Map();

const server = createSocket('udp4');

// A move is two signed bytes: the steps to the right and down. Each is answered at once with its number, so that the
// player knows the latency.
server.on('message', (message, { address, port: from }) => {
  if (message.length !== 4) return;
  const key = `${address}:${from}`;
  const player = players.get(key) ?? { address, port: from, x: 0, y: 0 };
  players.set(key, player);
  player.x += message.readInt8(2);
  player.y += message.readInt8(3);
  player.heard = Date.now();
  server.send(message.subarray(0, 2), from, address);
});

/** One snapshot for all. Its datagrams go to the kernel in one call. */
function tick() {
  for (const [key, player] of players) if (Date.now() - player.heard > SILENT) players.delete(key);
  const snapshot = Buffer.from(JSON.stringify([...players.values()].map(({ x, y }) => [x, y])));
  server.sendMany([...players.values()].map(({ address, port: to }) => ({ message: snapshot, address, port: to })));
}

server.bind(port, () => {
  server.setTOS(46 << 2); // expedited forwarding: routers that know it do not let it wait behind downloads
  console.log(`listening on ${server.address().port}`);
});
const timer = setInterval(tick, TICK);

process.once('SIGTERM', () => {
  clearInterval(timer);
  server.close();
});
