'use strict';
// Shares UDP sockets from a cluster primary in Deno, whose own answers a worker's query for one with ENOTSUP. We handle
// the query before Deno does and answer with the socket; Deno's code in the worker does the rest.

const cluster = require('node:cluster');
const { constants } = require('node:os');
const { optionsOf } = require('../bind-flags.js');
const { mayReach } = require('./permissions.js');

const EACCES = -constants.errno.EACCES;
const EINVAL = -constants.errno.EINVAL;

/** `{ native, errno, workers }` by the keys under which the workers know them. */
const shared = new Map();

/** Deno sends the handles of pipes as they are, without looking at what their descriptors are. */
class Sendable extends process.binding('pipe_wrap').Pipe {
  static of(native) {
    return Object.setPrototypeOf({ fdForIpc: () => native.duplicate(), socketTypeForIpc: () => 1 }, Sendable.prototype);
  }
}

/** Sockets whose port the system chooses are shared in the order in which each worker asks for them. */
function keyOf({ address, port, addressType, fd, index }) {
  return `heliogram:${address}:${port}:${addressType}:${fd}${port === 0 ? `:${index}` : ''}`;
}

function bind(native, { address, port, fd }) {
  if (fd < 0) return mayReach(address, port ?? 0) ? native.bind(address, port ?? 0) : EACCES;
  const outcome = native.adopt(fd);
  return typeof outcome === 'string' ? EINVAL : outcome;
}

let openRaw; // makes a socket without an owner: `(type, options)`

function open(query) {
  const native = openRaw(query.addressType, optionsOf(query.flags));
  return { native, errno: bind(native, query), workers: new Set() };
}

/** The socket of this key, unless the worker has it already: it asks for a second one, which the kernel may refuse. */
function socketFor(worker, key, query) {
  const known = shared.get(key);
  if (known && !known.workers.has(worker)) return known;
  const opened = open(query);
  if (opened.errno !== 0) opened.native.close();
  else if (!known) shared.set(key, opened);
  return opened;
}

function answer(worker, query) {
  if (worker.exitedAfterDisconnect) return;
  const key = keyOf(query);
  const { native, errno, workers } = socketFor(worker, key, query);
  workers.add(worker);
  const reply = { cmd: 'NODE_CLUSTER', ack: query.seq, key, errno };
  worker.process.send(reply, errno === 0 ? Sendable.of(native) : undefined);
}

function release(worker, key) {
  const known = shared.get(key);
  if (!known?.workers.delete(worker) || known.workers.size > 0) return;
  known.native.close();
  shared.delete(key);
}

function onMessage(worker, message) {
  if (message?.cmd !== 'NODE_CLUSTER') return;
  if (message.act === 'queryServer' && /^udp[46]$/.test(message.addressType)) {
    answer(worker, { ...message });
    message.act = undefined; // a second answer right behind the first would make Deno lose the descriptor
  } else if (message.act === 'close') {
    release(worker, message.key);
  }
}

function serve(worker) {
  worker.process.prependListener('internalMessage', (message) => onMessage(worker, message));
  worker.once('disconnect', () => [...shared.keys()].forEach((key) => release(worker, key)));
}

const kIsServed = Symbol.for('heliogram.isServed');

/** Answers the workers, if this is a primary and no copy of heliogram does, with sockets that `open` makes. */
function shareSockets(open) {
  if (!cluster.isPrimary || cluster[kIsServed]) return;
  Object.defineProperty(cluster, kIsServed, { value: true });
  openRaw = open;
  cluster.on('fork', serve);
  Object.values(cluster.workers).forEach(serve);
}

module.exports = { shareSockets };
