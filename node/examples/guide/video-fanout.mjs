// Sends a video to all who have asked for it. The datagrams of a frame leave evenly spread over the frame's time, not in a
// burst that overflows the switches on the way.
//
//   node video-fanout.mjs [port] [frames]        a viewer sends JOIN to that port, and LEAVE at the end

import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { createSocket } from 'heliogram';

const [port = 5004, frames = Infinity] = process.argv.slice(2).map(Number);
const FRAME = 40; // ms
const SIZE = 1_200; // bytes of a datagram, which fits every path
const PER_FRAME = 20; // datagrams
const LEAD = 2_000_000n; // ns before its time that a frame is handed to the kernel

/** Viewers by address and port. */
const viewers = new Map();

const server = createSocket({ type: 'udp4', sendBufferSize: 4 << 20 });

server.on('message', (message, { address, port: to }) => {
  if (String(message) === 'JOIN') viewers.set(`${address}:${to}`, { address, port: to });
  if (String(message) === 'LEAVE') viewers.delete(`${address}:${to}`);
});

/** Each datagram of the frame to each viewer. */
function send(frame, start) {
  const picture = Buffer.alloc(SIZE * PER_FRAME, frame);
  const datagrams = [];
  for (let n = 0; n < PER_FRAME; n++) {
    const message = picture.subarray(n * SIZE, (n + 1) * SIZE);
    const transmitTime = start + BigInt(Math.round((n * FRAME * 1e6) / PER_FRAME));
    for (const viewer of viewers.values()) datagrams.push({ ...viewer, message, options: { transmitTime } });
  }
  server.sendMany(datagrams, (error, sent) => {
    if (error) console.error(`${datagrams.length - sent} datagrams failed: ${error.message}`);
  });
}

server.bindSync({ port });
// The queueing discipline `fq` holds each datagram until its time: `tc qdisc replace dev eth0 root fq`. Without it the
// datagrams of a frame leave at once.
server.setTransmitTimeClock('monotonic');
console.log(`listening on ${server.address().port}`);
const begin = process.hrtime.bigint();
for (let frame = 0; frame < frames; frame++) {
  const start = begin + BigInt(frame * FRAME * 1e6);
  await setTimeout(Math.max(0, Number(start - LEAD - process.hrtime.bigint()) / 1e6));
  if (viewers.size > 0) send(frame, start);
}
await setTimeout(FRAME);
server.close();
