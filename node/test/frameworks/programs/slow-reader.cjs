'use strict';
// A thread that reads datagrams from a path slowly; it says what it has read when it is asked.

const { parentPort, workerData } = require('node:worker_threads');
const { createSocket } = require('../../..');

const DELAY = 2; // milliseconds for each message

const idle = new Int32Array(new SharedArrayBuffer(4));
const received = [];
const socket = createSocket('unix_dgram', (message) => {
  received.push(String(message));
  Atomics.wait(idle, 0, 0, DELAY);
});
socket.bind(workerData, () => parentPort.postMessage('ready'));
parentPort.on('message', () => {
  parentPort.postMessage(received);
  socket.close();
  parentPort.close();
});
