// The sending role, in the ways in which programs send.
import { Buffer } from 'node:buffer';
import { bound } from './roles.mjs';
import { finish } from './tally.mjs';

/** Sends in one turn of the loop, and sends under way at a time where each completed send starts another. */
const TURN = 64;
/** Turns under way at a time where sends have no callback of their own. */
const TURNS = 4;

/** A function that sends one datagram: to the one peer, to the peers by turns, or in varying sizes. */
function senderOf(socket, { size, peers, connected, mixed }) {
  const message = Buffer.alloc(size, 'heliogram ');
  if (connected) return (done) => socket.send(message, done);
  let count = 0;
  if (mixed) {
    const { port, address } = peers[0];
    return (done) => socket.send(message.subarray(0, size - (count++ % 16)), port, address, done);
  }
  if (peers.length === 1) {
    const { port, address } = peers[0];
    return (done) => socket.send(message, port, address, done);
  }
  return (done) => {
    const { port, address } = peers[count++ % peers.length];
    socket.send(message, port, address, done);
  };
}

/** A function that sends TURN datagrams with one call of sendMany(). */
function senderOfMany(socket, { size, peers, connected }) {
  const messages = Array.from({ length: TURN }, () => Buffer.alloc(size, 'heliogram '));
  if (connected) return (done) => socket.sendMany(messages, done);
  const [{ port, address }] = peers;
  return (done) => socket.sendMany(messages, port, address, done);
}

/** Calls sendMany() once a turn, with at most TURNS calls under way. */
function many(turn, tally) {
  let turns = 0;
  const done = (error, sent) => {
    if (error) throw error;
    turns -= 1;
    tally.datagrams += sent;
  };
  const next = () => {
    if (tally.isOver() && turns === 0) finish(tally.figures());
    if (!tally.isOver() && turns < TURNS) {
      turn(done);
      turns += 1;
    }
    setImmediate(next);
  };
  next();
}

export async function send(job, tally) {
  const socket = await bound(job);
  if (job.connected) await new Promise((resolve) => socket.connect(job.peers[0].port, job.peers[0].address, resolve));
  if (job.many) {
    many(senderOfMany(socket, job), tally);
    return;
  }
  const one = senderOf(socket, job);
  if (job.callbacks) withCallbacks(one, tally);
  else if (job.underWay) underWay(one, tally);
  else forget(one, job.rounds * job.peers.length || TURN, tally);
}

/** Sends of a turn without callbacks, but for the last one's, which counts the turns under way. */
function forget(one, count, tally) {
  let turns = 0;
  const done = (error) => {
    if (error) throw error;
    turns -= 1;
    tally.datagrams += count;
  };
  const turn = () => {
    if (tally.isOver() && turns === 0) finish(tally.figures());
    if (!tally.isOver() && turns < TURNS) {
      for (let i = 1; i < count; i++) one();
      one(done);
      turns += 1;
    }
    setImmediate(turn);
  };
  turn();
}

/** TURN sends a turn with a callback each; the next turn starts when all have been called. */
function withCallbacks(one, tally) {
  let waiting = 0;
  const done = (error) => {
    if (error) throw error;
    tally.datagrams += 1;
    waiting -= 1;
    if (waiting === 0) setImmediate(turn);
  };
  const turn = () => {
    if (tally.isOver()) finish(tally.figures());
    waiting = TURN;
    for (let i = 0; i < TURN; i++) one(done);
  };
  turn();
}

/** TURN sends under way: each callback sends the next. */
function underWay(one, tally) {
  let waiting = TURN;
  const done = (error) => {
    if (error) throw error;
    tally.datagrams += 1;
    if (!tally.isOverNowAndThen()) return one(done);
    waiting -= 1;
    if (waiting === 0) finish(tally.figures());
  };
  for (let i = 0; i < TURN; i++) one(done);
}
