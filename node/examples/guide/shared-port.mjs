// Several processes on one port. Each has a socket and a kernel queue of its own; a client stays with one process.
//
//   node shared-port.mjs [port] [processes]

import { fork } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { createSocket } from 'heliogram';

const [port = 9000, processes = 4] = process.argv.slice(2).map(Number);
if (process.send) work();
else await start();

async function start() {
  const children = [];
  for (let n = 0; n < processes; n++) {
    const child = fork(fileURLToPath(import.meta.url), [String(port), String(processes)]);
    await once(child, 'message'); // it is bound
    children.push(child);
  }
  console.log(`${processes} processes on port ${port}`);
  process.once('SIGTERM', () => children.forEach((child) => child.disconnect()));
}

function work() {
  const socket = createSocket({ type: 'udp4', reusePort: true });
  socket.on('message', (message, rinfo) => socket.send(`${process.pid} ${message}`, rinfo.port, rinfo.address));
  socket.bind(port, () => process.send('bound'));
  process.once('disconnect', () => socket.close());
}
