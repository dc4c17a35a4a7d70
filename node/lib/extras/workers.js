'use strict';
// heliogram/workers: threads that share a UDP port, each with a socket, and so a queue of the kernel's, of its own. They are
// bound one after the other, because steering counts the sockets in that order.

const { EventEmitter, once } = require('node:events');
const path = require('node:path');
const { MessageChannel, Worker } = require('node:worker_threads');
const { availableParallelism } = require('node:os');
const { root } = require('../paths.js');
const { validateCount, validateKeys, validateObject, validatePort, validateString } = require('../common/validate.js');
const { checkedSteering } = require('./sockopt.js');
const { ERR_SOCKET_BAD_TYPE } = require('../common/errors.js');

const ENTRY = path.join(root, 'dist', 'worker-thread.cjs');

const MOST = 1_024;

function checkedOptions(given) {
  validateObject(given, 'options');
  validateKeys(given, ['file', 'type', 'port', 'address', 'workers', 'steer', 'data', 'socket'], 'options');
  const { file, type = 'udp4', port = 0, address, workers = availableParallelism(), steer = 'flow', data, socket = {} } = given;
  if (!(file instanceof URL)) validateString(file, 'options.file');
  if (type !== 'udp4' && type !== 'udp6') throw new ERR_SOCKET_BAD_TYPE();
  validateCount(workers, 'options.workers', 1, MOST);
  validatePort(port, 'options.port', true);
  if (address !== undefined) validateString(address, 'options.address');
  validateObject(socket, 'options.socket');
  checkedSteering(steer, 'options.steer');
  return { file: String(file), type, port, address, workers, steer, data, socket };
}

/** A thread, and the channel of its orders. */
class Member {
  constructor(index, { file, type, workers, data, socket }) {
    const { port1, port2 } = new MessageChannel();
    const workerData = { file, type, workers, data, socket, index, orders: port2 };
    this.orders = port1;
    this.worker = new Worker(ENTRY, { workerData, transferList: [port2] });
    this.ended = new Promise((resolve) => this.worker.once('exit', resolve));
    this.failed = new Promise((resolve, reject) => {
      this.worker.once('error', reject);
      this.worker.once('exit', (code) => reject(new Error(`worker ${index} ended with code ${code}`)));
    });
    this.failed.catch(() => {}); // ask() rejects with it
  }

  /** The answer to an order; what the thread throws, if it does before. */
  async ask(order) {
    this.orders.postMessage(order);
    const [{ error, details, answer }] = await Promise.race([once(this.orders, 'message'), this.failed]);
    if (error) throw Object.assign(error, details);
    return answer;
  }

  async end() {
    await this.worker.terminate();
    await this.ended;
    this.orders.close();
  }
}

class Group extends EventEmitter {
  #members;
  #closing;

  constructor(members, where) {
    super();
    this.#members = members;
    this.address = where.address;
    this.port = where.port;
    this.workers = members.map(({ worker }) => worker);
    for (const { worker, orders } of members) {
      orders.unref();
      worker.on('error', (error) => this.emit('error', error));
      worker.on('message', (message) => this.emit('message', message, worker));
    }
  }

  /** Closes the sockets, whose 'close' events run, and ends the threads. */
  close() {
    this.#closing ??= endAll(this.#members, true);
    return this.#closing;
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }
}

async function endAll(members, closes) {
  const ends = members.map(async (member) => {
    // A thread that has ended already has nothing to close.
    if (closes) await member.ask({ do: 'close' }).catch(() => {});
    await member.end();
  });
  await Promise.all(ends);
}

async function bindAll(members, { port, address, workers, steer }) {
  await Promise.all(members.map((member) => member.ask({ do: 'start' })));
  let where = { port, address };
  for (const member of members) where = await member.ask({ do: 'bind', port: where.port, address });
  if (steer !== 'flow') await members[0].ask({ do: 'steer', steer, sockets: workers });
  return where;
}

async function listen(options) {
  const checked = checkedOptions(options);
  const members = Array.from({ length: checked.workers }, (_, index) => new Member(index, checked));
  try {
    return new Group(members, await bindAll(members, checked));
  } catch (error) {
    await endAll(members, false);
    throw error;
  }
}

module.exports = { listen };
