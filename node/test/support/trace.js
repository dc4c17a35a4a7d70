'use strict';
// One run of a scenario on one dgram module: its calls and their outcomes, in order.

const fs = require('node:fs');
const modules = require('./module.js');
const { Plain, PortNames } = require('./plain.js');

/** The limit of any wait, in ms. Generous, since machines are busy; never a measure of speed. */
const PATIENCE = 15_000;

class Trace {
  records = [];
  #names = new Map();
  #sockets = [];
  #undo = [];
  #plain = new Plain(new PortNames(), this.#names);

  constructor(dgram) {
    this.dgram = dgram;
  }

  /** Records an event, with its values as plain data. */
  note(label, ...values) {
    this.records.push([label, ...values.map((value) => this.#plain.of(value))]);
  }

  /** Records a port, as a name instead of a number. */
  notePort(label, port) {
    this.records.push([label, this.#plain.of(port, 'port')]);
  }

  /** Adds the records of another process's trace. */
  include(label, records) {
    for (const record of records) this.records.push([label, ...record]);
  }

  /** Calls the action and records what it returned or threw; returns the result. */
  call(label, action) {
    let result;
    try {
      result = action();
    } catch (error) {
      this.note(`${label} threw`, error);
      return undefined;
    }
    this.note(`${label} returned`, result);
    return result;
  }

  /** A callback that records its arguments. */
  callback(label) {
    const trace = this;
    return function callback(...values) {
      trace.note(label, ...values);
    };
  }

  /** Names an object, so that every record shows it as that name. */
  name(label, object) {
    this.#names.set(object, label);
    return object;
  }

  /** Runs a step when the scenario has ended, also if it failed. */
  after(step) {
    this.#undo.push(step);
  }

  /** Sets a property of a shared object until the scenario ends. */
  replace(object, key, value) {
    const before = object[key];
    object[key] = value;
    this.after(() => { object[key] = before; });
  }

  /** A socket of the module under test, named, and closed when the scenario ends. */
  socket(label, options = 'udp4', listener = undefined) {
    return this.#keep(label, this.dgram.createSocket(options, listener));
  }

  /** The other end of a scenario that looks at one end only: a socket of the host where the host's are reliable. */
  peer(label, options = 'udp4') {
    return this.#keep(label, modules.peers.createSocket(options));
  }

  #keep(label, socket) {
    this.#sockets.push(socket);
    return this.name(label, socket);
  }

  /** A socket of the module under test, bound to a port of the kernel's choice on the loopback interface. */
  async bound(label, options = 'udp4') {
    return this.#bind(this.socket(label, options));
  }

  async boundPeer(label, options = 'udp4') {
    return this.#bind(this.peer(label, options));
  }

  async #bind(socket) {
    socket.bind(0, socket.type === 'udp6' ? '::1' : '127.0.0.1');
    await this.once(socket, 'listening');
    return socket;
  }

  /** Connects a socket to another one's port on its loopback address. */
  async connected(socket, other) {
    socket.connect(other.address().port, other.address().address);
    await this.once(socket, 'connect');
    return socket;
  }

  /** Records these events of the socket. */
  watch(socket, ...events) {
    const label = this.#names.get(socket);
    for (const event of events) socket.on(event, this.callback(`${label} ${event}`));
    return socket;
  }

  /** Waits for an event; returns its arguments. Listens to no other event, so that an 'error' stays unhandled. */
  once(emitter, event) {
    const label = this.#names.get(emitter) ?? emitter.constructor?.name;
    return this.until((done) => emitter.once(event, done), () => `${label}: no '${String(event)}'`);
  }

  /** Waits for `count` events; returns the arguments of all. */
  async times(emitter, event, count) {
    const seen = [];
    const done = this.until((resolve) => {
      emitter.on(event, (...values) => {
        seen.push(values);
        if (seen.length === count) resolve();
      });
    }, () => `${this.#names.get(emitter)}: ${seen.length} of ${count} '${event}' events`);
    await done;
    return seen;
  }

  /** Waits for a callback: `start` gets the function to call. Returns its arguments. */
  until(start, what = () => 'a callback that never came') {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${what()} after ${PATIENCE} ms`)), PATIENCE);
      start((...values) => {
        clearTimeout(timer);
        resolve(values);
      });
    });
  }

  /** Sends, waits for the callback and records its arguments. */
  async sent(label, socket, ...values) {
    const result = await this.until((done) => socket.send(...values, done));
    this.note(label, ...result);
  }

  /** Waits a few turns of the loop, so that everything already due has happened. */
  async turns(count = 3) {
    if (modules.isThreaded) await this.#pollThreadDone();
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Waits until everything sent to the socket before has been received: a datagram sent now comes last. */
  async barrier(receiver, marker = 'barrier') {
    const { port, address } = receiver.address();
    const peer = await this.boundPeer(`barrier of ${this.#names.get(receiver)}`, receiver.type);
    const arrived = this.until((done) => {
      receiver.on('message', function listen(message) {
        if (message.toString() !== marker) return;
        receiver.removeListener('message', listen);
        done();
      });
    }, () => `${this.#names.get(receiver)}: the barrier did not arrive`);
    peer.send(marker, port, loopback(address));
    await arrived;
    await this.#closed(peer);
  }

  /**
   * Waits until the poll thread has reported everything due, however late the machine runs it. The thread reports in the order
   * of receipt, so a datagram sent now to another socket is reported last. The first round also flushes the batch of this turn.
   */
  async #pollThreadDone() {
    const last = modules.subject.createSocket('udp4');
    const { address, port } = last.bindSync({ address: '127.0.0.1' });
    for (let n = 0; n < 2; n++) {
      const arrived = this.until((done) => last.once('message', done), () => 'the poll thread reports nothing');
      last.send('last', port, address);
      await arrived;
    }
    last.close();
  }

  async #closed(socket) {
    const closed = this.once(socket, 'close');
    socket.close();
    await closed;
  }

  /** Runs the last steps and closes the sockets. */
  async end() {
    for (const step of this.#undo.reverse()) await step();
    for (const socket of this.#sockets) closeIfOpen(socket);
    await this.turns(2);
  }
}

/** The address at which a socket bound to all addresses can be reached. */
function loopback(address) {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}

function closeIfOpen(socket) {
  // Keeps the listeners of 'listening' and errorMonitor, since a close that waits for the bind needs them.
  for (const event of ['message', 'connect', 'close', 'error']) socket.removeAllListeners(event);
  socket.on('error', () => {});
  try {
    socket.close();
  } catch (error) {
    if (error.code !== 'ERR_SOCKET_DGRAM_NOT_RUNNING') throw error;
  }
}

/** Runs a scenario on a module and returns its trace. */
async function record(dgram, scenario) {
  const trace = new Trace(dgram);
  try {
    await scenario(trace);
  } finally {
    await trace.end();
  }
  return trace.records;
}

/** Writes a record to standard output as one line of JSON. A pipe may take only a part of a long line at a time. */
function writeLine(value) {
  const line = Buffer.from(`${JSON.stringify(value)}\n`);
  for (let written = 0; written < line.length;) written += fs.writeSync(1, line, written);
}

module.exports = { PATIENCE, Trace, record, writeLine };
