// One end of a measurement, on whichever dgram the process was started with. Argument: its role. Tells its parent the
// port it is bound to, then measures as often as it is asked.
import { Buffer } from 'node:buffer';
import dgram from 'node:dgram';
import process from 'node:process';

const SIZE = 512;
/** Sends under way at a time. */
const WINDOW = 64;

const now = () => process.hrtime.bigint();
const message = Buffer.alloc(SIZE, 'heliogram ');
const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });

/** How many datagrams passed in a time, and the CPU time (µs) that the whole process spent on them. */
function meter() {
  const before = process.cpuUsage();
  return (count) => {
    const { user, system } = process.cpuUsage(before);
    return { count, cpu: user + system };
  };
}

function receiver() {
  let count = 0;
  socket.on('message', () => { count += 1; });
  return ({ ms }) => new Promise((resolve) => {
    count = 0;
    const read = meter();
    setTimeout(() => resolve(read(count)), ms);
  });
}

function sender() {
  return ({ ms, port }) => new Promise((resolve) => {
    const end = now() + BigInt(ms) * 1_000_000n;
    const read = meter();
    let sent = 0;
    const done = (error) => {
      if (error) throw error;
      sent += 1;
      if (sent % WINDOW > 0) return;
      if (now() < end) setImmediate(fill);
      else resolve(read(sent));
    };
    const fill = () => {
      for (let i = 0; i < WINDOW; i++) socket.send(message, port, '127.0.0.1', done);
    };
    fill();
  });
}

function echo() {
  socket.on('message', (msg, { port, address }) => socket.send(msg, port, address));
}

/** Sends, waits for the echo, sends again; answers the median time of a round trip in µs as well. */
function pinger() {
  return ({ ms, port }) => new Promise((resolve) => {
    const end = now() + BigInt(ms) * 1_000_000n;
    const read = meter();
    const trips = [];
    let left;
    const ping = () => {
      left = now();
      socket.send(message, port, '127.0.0.1');
    };
    const pong = () => {
      const back = now();
      trips.push(Number(back - left) / 1000);
      if (back < end) return ping();
      socket.off('message', pong);
      resolve({ ...read(trips.length), median: trips.sort((a, b) => a - b)[trips.length >> 1] });
    };
    socket.on('message', pong);
    ping();
  });
}

/** Never reads: what is sent to it costs the sender only. */
function sink() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

const roles = { receiver, sender, echo, pinger, sink };
process.on('disconnect', () => process.exit());
socket.bind(0, '127.0.0.1', () => {
  process.send?.({ port: socket.address().port }, () => {
    const measure = roles[/** @type {keyof roles} */ (process.argv[2])]();
    process.on('message', async (order) => process.send?.(await measure?.(order)));
  });
});
