// A contestant that sends, in the ways in which programs do.
import { Buffer } from 'node:buffer';
import { bound } from './roles.mjs';
import { tell } from './tally.mjs';

/** Sends of one turn of the loop, and in all that are under way at a time where each is followed by another. */
const TURN = 64;
/** Turns under way at a time where nobody waits for the single send. */
const TURNS = 4;

/** How one datagram is sent: to the peer, to the peers in turn, in sizes that differ from one to the next. */
function way(socket, { size, peers, connected, mixed }) {
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

/** 64 datagrams by one call. */
function wayOfMany(socket, { size, peers, connected }) {
  const messages = Array.from({ length: TURN }, () => Buffer.alloc(size, 'heliogram '));
  if (connected) return (done) => socket.sendMany(messages, done);
  const [{ port, address }] = peers;
  return (done) => socket.sendMany(messages, port, address, done);
}

/** Goes on as far as the calls before have left; a few are under way at a time. */
function many(turn, tally) {
  let turns = 0;
  const left = (error, sent) => {
    if (error) throw error;
    turns -= 1;
    tally.datagrams += sent;
  };
  const next = () => {
    if (tally.isOver() && turns === 0) tell(tally.figures());
    if (!tally.isOver() && turns < TURNS) {
      turn(left);
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
    many(wayOfMany(socket, job), tally);
    return;
  }
  const one = way(socket, job);
  if (job.callbacks) withCallbacks(one, tally);
  else if (job.underWay) underWay(one, tally);
  else forget(one, tally);
}

/** 64 a turn, without callbacks but the last one's, which keeps the count of the turns under way. */
function forget(one, tally) {
  let turns = 0;
  const left = (error) => {
    if (error) throw error;
    turns -= 1;
    tally.datagrams += TURN;
  };
  const turn = () => {
    if (tally.isOver() && turns === 0) tell(tally.figures());
    if (!tally.isOver() && turns < TURNS) {
      for (let i = 1; i < TURN; i++) one();
      one(left);
      turns += 1;
    }
    setImmediate(turn);
  };
  turn();
}

/** 64 a turn, a callback each; the next turn when all have been called. */
function withCallbacks(one, tally) {
  let waiting = 0;
  const done = (error) => {
    if (error) throw error;
    tally.datagrams += 1;
    waiting -= 1;
    if (waiting === 0) setImmediate(turn);
  };
  const turn = () => {
    if (tally.isOver()) tell(tally.figures());
    waiting = TURN;
    for (let i = 0; i < TURN; i++) one(done);
  };
  turn();
}

/** 64 under way: each one that has left sends the next. */
function underWay(one, tally) {
  let waiting = TURN;
  const done = (error) => {
    if (error) throw error;
    tally.datagrams += 1;
    if (!tally.isOverNowAndThen()) return one(done);
    waiting -= 1;
    if (waiting === 0) tell(tally.figures());
  };
  for (let i = 0; i < TURN; i++) one(done);
}
