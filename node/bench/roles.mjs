// The roles of a contestant on a dgram module, the runtime's own or heliogram's.
import { Buffer } from 'node:buffer';
import { createRequire } from 'node:module';
import { MB, percentiles, say, settledMemory, takeNumbered, finish } from './tally.mjs';

export { fairness } from './fairness.mjs';
export { idle, start } from './sockets.mjs';
export { send } from './send.mjs';

const require = createRequire(import.meta.url);

/** The module to measure. Throws where the package falls back to the host's own dgram. */
export function dgramOf({ sockets }) {
  const host = require('node:dgram');
  if (sockets === 'host') return host;
  const ours = require('../index.js');
  if (ours.createSocket === host.createSocket) throw new Error('on this runtime the package is the host\'s own dgram');
  return ours;
}

let dgram;

/** Binds a socket on loopback. The module is looked up once, since `require` of a file costs more than of a built-in module. */
export function bound(job, listener) {
  dgram ??= dgramOf(job);
  const socket = dgram.createSocket(job.options, listener);
  return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(socket)));
}

/** Prints the address for the driver to send the traffic to. */
export function announce(socket) {
  const { address, port } = socket.address();
  say(`${address}:${port}`);
}

/** Counts received datagrams. */
export async function receive(job, tally) {
  if (job.many) return receiveMany(job, tally);
  announce(await bound(job, (message, rinfo) => {
    tally.take(message, rinfo.size);
    if (tally.isOverNowAndThen()) finish(tally.figures());
  }));
}

/** The same with the 'messages' event. */
async function receiveMany(job, tally) {
  const socket = await bound(job);
  socket.on('messages', (messages, rinfos) => {
    for (let i = 0; i < messages.length; i++) {
      tally.take(messages[i], rinfos[i].size);
      if (tally.isOverNowAndThen()) finish(tally.figures());
    }
  });
  announce(socket);
}

/** Counts numbered datagrams sent at a steady rate. */
export async function steady(job, tally) {
  announce(await bound(job, takeNumbered(tally)));
}

/** Answers every datagram with itself from its listener, also after an `await` (`later`) or with a callback for each answer. */
export async function answer({ later, callbacks, ...job }, tally) {
  const done = (error) => {
    if (error) throw error;
  };
  const reply = callbacks
    ? (message, { port, address }) => socket.send(message, port, address, done)
    : (message, { port, address }) => socket.send(message, port, address);
  const replyLater = async (message, rinfo) => {
    await null;
    reply(message, rinfo);
  };
  const act = later ? replyLater : reply;
  const socket = await bound(job, (message, rinfo) => {
    tally.take(message, rinfo.size);
    act(message, rinfo);
    if (tally.isOverNowAndThen()) finish(tally.figures());
  });
  announce(socket);
}

/** A DNS server for one zone, until it is killed: dnsperf measures. */
export async function dns(job) {
  const packet = require('dns-packet');
  const zone = new Map([['www.example.test', ['192.0.2.1', '192.0.2.2']], ['mail.example.test', ['192.0.2.3']]]);
  const answerTo = ({ id, questions: [question] }) => {
    const addresses = zone.get(question.name.toLowerCase());
    const answers = (addresses ?? []).map((data) => ({ type: 'A', name: question.name, ttl: 60, data }));
    const flags = packet.AUTHORITATIVE_ANSWER | (addresses ? 0 : 3); // 3: NXDOMAIN
    return packet.encode({ type: 'response', id, flags, questions: [question], answers });
  };
  const socket = await bound(job, (message, { port, address }) => socket.send(answerTo(packet.decode(message)), port, address));
  announce(socket);
}

/** Sends every datagram back. */
export async function echo(job) {
  const socket = await bound(job, (message, { port, address }) => socket.send(message, port, address));
  announce(socket);
}

/** After this many ms without an answer the datagram counts as lost, and the next is sent. */
const LOST = 200;

/** Sends a datagram, waits for its echo, and repeats. */
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
    if (tally.isOver()) return finish({ ...tally.figures(), ...percentiles(trips) });
    next();
  });
  setInterval(() => { if (performance.now() - left > LOST) next(); }, LOST);
  next();
}

/** Keeps every message, or one in `oneIn`, and measures the memory that they take. */
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
    if (tally.isOverNowAndThen()) finish(memoryOf(kept, before));
  }));
}

/**
 * Memory in use (`kept`) is what the messages take. The resident set also has the engine's space for garbage, which grows in
 * steps of megabytes. Code compiled meanwhile adds less than a byte per message.
 */
function memoryOf(kept, before) {
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
