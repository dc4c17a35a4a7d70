// What a contestant does on a `dgram`, the runtime's own or heliogram's.
import { Buffer } from 'node:buffer';
import { createRequire } from 'node:module';
import { MB, percentiles, say, settledMemory, tell } from './tally.mjs';

export { fairness } from './fairness.mjs';
export { idle, start } from './sockets.mjs';
export { send } from './send.mjs';

const require = createRequire(import.meta.url);

/** Which module a contestant is on. Where the package is the host's own dgram there is nothing of ours to measure. */
export function dgramOf({ sockets }) {
  const host = require('node:dgram');
  if (sockets === 'host') return host;
  const ours = require('../index.js');
  if (ours.createSocket === host.createSocket) throw new Error('on this runtime the package is the host\'s own dgram');
  return ours;
}

let dgram;

/** A socket on loopback, once it is bound. The module is asked for once: to ask again costs more for a file than for the host's own. */
export function bound(job, listener) {
  dgram ??= dgramOf(job);
  const socket = dgram.createSocket(job.options, listener);
  return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(socket)));
}

/** Tells the driver where to send the traffic. */
export function announce(socket) {
  const { address, port } = socket.address();
  say(`${address}:${port}`);
}

/** Counts what comes. */
export async function receive(job, tally) {
  if (job.many) return receiveMany(job, tally);
  announce(await bound(job, (message, rinfo) => {
    tally.take(message, rinfo.size);
    if (tally.isOverNowAndThen()) tell(tally.figures());
  }));
}

/** The same, by the event that tells of many. */
async function receiveMany(job, tally) {
  const socket = await bound(job);
  socket.on('messages', (messages, rinfos) => {
    for (let i = 0; i < messages.length; i++) {
      tally.take(messages[i], rinfos[i].size);
      if (tally.isOverNowAndThen()) tell(tally.figures());
    }
  });
  announce(socket);
}

/** Counts numbered datagrams that come at a steady rate; what is missing between the first and the last was lost. */
export async function steady(job, tally) {
  let [first, last, count] = [Infinity, 0, 0];
  announce(await bound(job, (message, rinfo) => {
    tally.take(message, rinfo.size);
    if (tally.isWarm) {
      const number = message.readUInt32LE(0);
      first = Math.min(first, number);
      last = Math.max(last, number);
      count += 1;
    }
    if (tally.isOverNowAndThen()) tell({ ...tally.figures(), loss: 1 - count / (last - first + 1) });
  }));
}

/** Sends everything back. */
export async function echo(job) {
  const socket = await bound(job, (message, { port, address }) => socket.send(message, port, address));
  announce(socket);
}

/** How long an answer may take, in ms, before the next is sent all the same. */
const LOST = 200;

/** Sends, waits for the echo, sends again. */
export async function ping(job, tally) {
  const [{ port, address }] = job.peers;
  const message = Buffer.alloc(job.size, 'heliogram ');
  const trips = [];
  let left;
  const next = () => {
    left = performance.now();
    socket.send(message, port, address);
  };
  const socket = await bound(job, (answer, rinfo) => {
    const trip = (performance.now() - left) * 1000;
    tally.take(answer, rinfo.size);
    if (tally.isWarm) trips.push(trip);
    if (tally.isOver()) return tell({ ...tally.figures(), ...percentiles(trips) });
    next();
  });
  setInterval(() => { if (performance.now() - left > LOST) next(); }, LOST);
  next();
}

/** Keeps every message, or one in so many, and weighs them. */
export async function keep(job, tally) {
  const kept = [];
  let before;
  announce(await bound(job, (message, rinfo) => {
    tally.take(message, rinfo.size);
    if (before === undefined) {
      if (!tally.isOverNowAndThen() && !tally.isWarm) return;
      before = settledMemory();
    }
    if (tally.datagrams % job.oneIn === 0) kept.push(message);
    if (tally.isOverNowAndThen()) tell(weighed(kept, before));
  }));
}

/**
 * In use is what the messages take; the resident set has the engine's room for garbage too, which is no message's and grows in
 * steps of megabytes. What the engine has compiled meanwhile is less than a byte of each.
 */
function weighed(kept, before) {
  const { resident, used } = settledMemory();
  const bytes = kept.reduce((sum, message) => sum + message.length, 0);
  const grown = (resident - before.resident) * MB;
  return {
    kept: Math.round(((used - before.used) * MB) / kept.length),
    kept_resident: grown / kept.length,
    growth: grown / bytes,
    messages: kept.length,
  };
}
