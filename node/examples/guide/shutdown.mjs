// A server that ends without losing an answer: on SIGTERM it stops receiving, finishes what it has begun, and closes.
//
//   node shutdown.mjs [port]

import { once } from 'node:events';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { createSocket } from 'heliogram';

const [port = 9000] = process.argv.slice(2).map(Number);
const work = new Set();

const server = createSocket('udp4');

server.on('message', (message, rinfo) => {
  const task = answer(message, rinfo).finally(() => work.delete(task));
  work.add(task);
});

async function answer(message, { port: to, address }) {
  await setTimeout(100); // a database, say
  await new Promise((resolve) => server.send(`done: ${message}`, to, address, resolve));
}

server.bind(port, () => console.log(`listening on ${server.address().port}`));

process.once('SIGTERM', async () => {
  server.pause();
  console.log(`finishing ${work.size} tasks`);
  await Promise.all(work); // each has been handed to the kernel when its callback has run
  server.close();
  await once(server, 'close');
  console.log('closed');
});
