// The roles that `Bun.udpSocket` can fill, as near to those of roles.mjs as its API allows.
import { percentiles, say, takeNumbered, finish } from './tally.mjs';

const TURN = 64;

async function bound(options, data = () => {}, drain = () => {}) {
  return globalThis.Bun.udpSocket({ hostname: '127.0.0.1', socket: { data, drain }, ...options });
}

const announce = ({ port }) => say(`127.0.0.1:${port}`);

export async function receive(_, tally) {
  announce(await bound({}, (_socket, message) => {
    tally.take(message, message.length);
    if (tally.isOverNowAndThen()) finish(tally.figures());
  }));
}

export async function steady(_, tally) {
  const take = takeNumbered(tally);
  announce(await bound({}, (_socket, message) => take(message)));
}

/** TURN sends a turn with one call of `sendMany`; after a partial send the next turn waits for 'drain'. */
export async function send({ size, peers, connected }, tally) {
  const [{ port, address }] = peers;
  const message = Buffer.alloc(size, 'heliogram ');
  let turn;
  const options = connected ? { connect: { hostname: address, port }, hostname: undefined } : {};
  const socket = await bound(options, undefined, () => turn());
  const list = Array.from({ length: TURN }, () => (connected ? [message] : [message, port, address])).flat();
  turn = () => {
    if (tally.isOver()) finish(tally.figures());
    const left = socket.sendMany(list);
    tally.datagrams += left;
    if (left === TURN) setImmediate(turn);
  };
  turn();
}

export async function ping({ size, peers }, tally) {
  const [{ port, address }] = peers;
  const message = Buffer.alloc(size, 'heliogram ');
  const trips = [];
  let left;
  const next = () => {
    left = performance.now();
    socket.send(message, port, address);
  };
  const socket = await bound({}, (_socket, answer) => {
    const trip = (performance.now() - left) * 1000;
    tally.take(answer, answer.length);
    if (tally.isWarm) trips.push(trip);
    if (tally.isOver()) return finish({ ...tally.figures(), ...percentiles(trips) });
    next();
  });
  setInterval(() => { if (performance.now() - left > 200) next(); }, 200);
  next();
}
