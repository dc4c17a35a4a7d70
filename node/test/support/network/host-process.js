'use strict';
// Runs in a network namespace for network/hosts.js: a host that executes the orders of standard input, one per line.

const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const readline = require('node:readline');

const dgram = require(process.env.HELIOGRAM_TEST_LOAD);

/** The sockets by name, each with the messages received. */
const sockets = new Map();

const orders = {
  ip: (lines) => void execFileSync('ip', ['-batch', '-'], { input: lines }),

  set: (key, value) => fs.writeFileSync(`/proc/sys/net/${key}`, value),

  async open(name, options) {
    const socket = dgram.createSocket(options);
    const heard = [];
    socket.on('message', (message, rinfo) => heard.push([String(message), rinfo]));
    socket.bind();
    await once(socket, 'listening');
    sockets.set(name, { socket, heard });
    return socket.address().port;
  },

  call: (name, method, ...values) => sockets.get(name).socket[method](...values),

  /** Sends; returns the times before and after in ms since 1970. */
  async send(name, ...values) {
    const from = Date.now();
    const error = await new Promise((resolve) => sockets.get(name).socket.send(...values, resolve));
    if (error) throw error;
    return { from, to: Date.now() };
  },

  /** The messages received since the last call. */
  heard: (name) => sockets.get(name).heard.splice(0),
};

async function execute({ id, order, values }) {
  const answer = await new Promise((resolve) => resolve(orders[order](...values))).then((result) => ({ result }), (error) => ({ error: error.message }));
  process.stdout.write(`${JSON.stringify({ id, ...answer }, (_, value) => (typeof value === 'bigint' ? `${value}` : value))}\n`);
}

readline.createInterface({ input: process.stdin }).on('line', (line) => execute(JSON.parse(line))).on('close', () => process.exit());
