// A simple video call: the datagrams of each frame leave evenly spread and marked as ECN-capable, and the rate follows the
// congestion that routers mark instead of dropping. Not in Node.
//
// node paced-video.mjs receive 5004, and in another terminal node paced-video.mjs send 5004 127.0.0.1. Both end by
// themselves, and also work with the Rust example of the same name.
//
// The timer wakes the sender a little before each datagram's time. If the interface has the queueing discipline `fq`
// (`tc qdisc replace dev eth0 root fq`), the kernel holds the datagram back until that time; otherwise the timer's
// milliseconds are the precision.

import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { createSocket } from 'heliogram';

const FRAME = 20; // ms
const FRAMES = 100;
const SIZE = 1_000; // bytes of a datagram: the frame's number, and the picture
const RECV_BUFFER_SIZE = 1 << 22; // bytes of the receive buffer, if the system allows so much: the whole video
const LEAD = 2; // ms from the send to the transmit time of a datagram
const [FIRST, MOST] = [20, 40]; // datagrams per frame
const [ECT1, CONGESTION_EXPERIENCED] = [1, 3];

const [role, port, address] = process.argv.slice(2);
if (role === 'receive') await receive(Number(port));
else await send(Number(port), address);

/**
 * Reports to the sender after each frame how many datagrams came and how many of them were marked.
 *
 * @param {number} port
 */
async function receive(port) {
  const socket = createSocket({ type: 'udp4', recvBufferSize: RECV_BUFFER_SIZE });
  socket.bindSync({ port });
  socket.setRecvMetadata({ tos: true });
  console.log(`listening on ${socket.address().address}:${port}`);
  let [frame, came, marked, allCame, allMarked] = [0, 0, 0, 0, 0];
  for await (const { message, rinfo } of socket) {
    if (message.length === 0) break;
    if (message.readUInt32BE() !== frame) {
      const report = Buffer.alloc(8);
      report.writeUInt32BE(came);
      report.writeUInt32BE(marked, 4);
      socket.send(report, rinfo.port, rinfo.address);
      [frame, came, marked] = [message.readUInt32BE(), 0, 0];
    }
    const mark = rinfo.ecn === CONGESTION_EXPERIENCED ? 1 : 0;
    [came, marked, allCame, allMarked] = [came + 1, marked + mark, allCame + 1, allMarked + mark];
  }
  socket.close();
  console.log(`received ${allCame} datagrams, ${allMarked} of them marked`);
}

/** @param {number} port @param {string} address */
async function send(port, address) {
  const socket = createSocket('udp4');
  socket.connectSync(port, address);
  const isHeld = holdsBack(socket);
  const start = process.hrtime.bigint() + nanoseconds(FRAME);
  let [rate, sent] = [FIRST, 0];
  socket.on('message', (report) => { rate = follow(rate, report); });
  for (let frame = 0; frame < FRAMES; frame++) {
    const picture = Buffer.alloc(SIZE, 7);
    picture.writeUInt32BE(frame);
    const datagrams = Math.round(rate);
    for (let index = 0; index < datagrams; index++) {
      const transmitTime = start + nanoseconds(FRAME * (frame + index / datagrams));
      await until(transmitTime - nanoseconds(LEAD));
      const options = { ecn: ECT1, transmitTime: isHeld ? transmitTime : undefined };
      socket.send(picture, undefined, undefined, options, (error) => { if (!error) sent += 1; });
    }
  }
  await until(start + nanoseconds(FRAME * FRAMES));
  await new Promise((resolve) => socket.send('', resolve)); // an empty datagram ends the call
  socket.close();
  console.log(`sent ${sent} datagrams in ${FRAMES} frames, from ${FIRST} to ${rate.toFixed()} a frame`);
}

/** @param {import('heliogram').Socket} socket */
function holdsBack(socket) {
  try {
    socket.setTransmitTimeClock('monotonic');
    return true;
  } catch (error) {
    console.error(`${error}: only the timer spreads the datagrams`);
    return false;
  }
}

/**
 * Lowers the rate by half the share of marked datagrams (RFC 8257); without marks, adds one datagram per frame.
 *
 * @param {number} rate @param {Buffer} report
 */
function follow(rate, report) {
  const [came, marked] = [report.readUInt32BE(), report.readUInt32BE(4)];
  const next = marked > 0 ? rate * (1 - marked / came / 2) : rate + 1;
  return Math.min(Math.max(next, 1), MOST);
}

/** @param {number} milliseconds */
function nanoseconds(milliseconds) {
  return BigInt(Math.round(milliseconds * 1e6));
}

/** @param {bigint} time */
async function until(time) {
  const left = Number(time - process.hrtime.bigint()) / 1e6;
  if (left > 0) await setTimeout(left);
}
