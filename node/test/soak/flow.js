'use strict';
// A sender, a receiver, and what is on the way between them.

const { once } = require('node:events');

/** Ample time for one window, in ms, on a loaded machine. */
const PATIENCE = 30_000;

/** Bytes that hold a datagram's number and length. */
const HEADER = 8;

const HOSTS = { udp4: '127.0.0.1', udp6: '::1' };

/** A datagram whose bytes all follow from its number and length; one without room for the number is the same each time. */
function datagram(number, length) {
  const bytes = Buffer.alloc(length, length < HEADER ? length : (number * 31 + length) & 0xff);
  if (length >= HEADER) {
    bytes.writeUInt32LE(number);
    bytes.writeUInt32LE(length, 4);
  }
  return bytes;
}

class Flow {
  received = 0;
  #sent = 0;
  #dgram;
  #how;
  /** What is on the way: length by number, and how many of each length without a number. */
  #awaited = new Map();
  #arrived = () => {};
  #failure;

  constructor(dgram, { type, options, event = 'message', connects = false, group }) {
    this.#dgram = dgram;
    this.#how = { type, options, event, connects, group };
  }

  async open() {
    const { type, options, event, connects, group } = this.#how;
    const make = () => this.#dgram.createSocket({ type, recvBufferSize: 1 << 20, ...options });
    [this.receiver, this.sender] = [make(), make()];
    this.receiver.on(event, event === 'messages' ? (messages) => messages.forEach((message) => this.#take(message)) : (message) => this.#take(message));
    for (const socket of [this.receiver, this.sender]) socket.on('error', (error) => this.#fail(error));
    const host = HOSTS[type];
    const bound = once(this.receiver, 'listening');
    this.receiver.bind(0, group && process.platform === 'linux' ? group : host);
    await bound;
    const { port } = this.receiver.address();
    if (group) this.receiver.addMembership(group, host);
    this.to = connects ? [] : [port, group ?? host];
    const ready = once(this.sender, connects ? 'connect' : 'listening');
    if (connects) this.sender.connect(port, host);
    else this.sender.bind(0, host);
    await ready;
    if (group) this.sender.setMulticastInterface(host);
  }

  async close() {
    const closed = [this.receiver, this.sender].map((socket) => once(socket, 'close'));
    this.receiver.close();
    this.sender.close();
    await Promise.all(closed);
  }

  /** Each datagram when the one before has left. */
  async oneByOne(lengths) {
    for (const bytes of this.#make(lengths)) await new Promise((done, failed) => this.sender.send(bytes, ...this.to, (error) => (error ? failed(error) : done())));
    await this.#all();
  }

  /** All in one turn. */
  async together(lengths) {
    for (const bytes of this.#make(lengths)) this.sender.send(bytes, ...this.to);
    await this.#all();
  }

  /** All in one call. */
  async many(lengths) {
    const bytes = this.#make(lengths);
    await new Promise((done, failed) => this.sender.sendMany(bytes, ...this.to, (error, count) => (error ? failed(error) : done(count))));
    await this.#all();
  }

  #make(lengths) {
    return lengths.map((length) => {
      const number = ++this.#sent;
      const key = length < HEADER ? `${length} bytes` : number;
      this.#awaited.set(key, length < HEADER ? (this.#awaited.get(key) ?? 0) + 1 : length);
      return datagram(number, length);
    });
  }

  #take(message) {
    const length = message.length;
    const number = length < HEADER ? 0 : message.readUInt32LE();
    const key = length < HEADER ? `${length} bytes` : number;
    const awaited = this.#awaited.get(key);
    if (awaited === undefined || (length >= HEADER && awaited !== length)) return this.#fail(new Error(`${length} bytes, number ${number}, are not awaited`));
    if (!message.equals(datagram(number, length))) return this.#fail(new Error(`datagram ${number} of ${length} bytes has been changed`));
    if (length < HEADER && awaited > 1) this.#awaited.set(key, awaited - 1);
    else this.#awaited.delete(key);
    this.received++;
    if (this.#awaited.size === 0) this.#arrived();
  }

  #fail(error) {
    this.#failure ??= error;
    this.#arrived();
  }

  /** Waits until nothing is on the way. */
  async #all() {
    if (this.#awaited.size > 0 && !this.#failure) {
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, PATIENCE);
        this.#arrived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#arrived = () => {};
    if (this.#failure) throw this.#failure;
    if (this.#awaited.size > 0) throw new Error(`lost: ${[...this.#awaited].slice(0, 5).join(', ')}, ${this.#awaited.size} in all`);
  }
}

module.exports = { Flow };
