'use strict';
// A thread of heliogram/workers: it makes the socket, gives it to the program's function, and then binds it in its turn.

const { pathToFileURL } = require('node:url');
const { workerData } = require('node:worker_threads');
const { createSocket } = require('../dgram/socket.js');
const { handleOf } = require('../dgram/state.js');
const { ERR_INVALID_ARG_TYPE } = require('../common/errors.js');

const { file, type, workers, data, index, orders } = workerData;

const socket = createSocket({ ...workerData.socket, type, reusePort: true });

const ORDERS = {
  async start() {
    const program = await import(file.startsWith('file:') ? file : pathToFileURL(file).href);
    const listener = program.default?.default ?? program.default; // of CommonJS that was made of a module
    if (typeof listener !== 'function') throw new ERR_INVALID_ARG_TYPE('the default export', 'of type function', listener);
    await listener(socket, { index, workers, data });
  },

  bind: ({ port, address }) => new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ port, address, exclusive: true }, () => {
      socket.off('error', reject);
      orders.unref(); // from now on the socket keeps the thread alive
      resolve(socket.address());
    });
  }),

  steer: ({ steer, sockets }) => socket.setReusePortSteering(steer, sockets),

  close: () => new Promise((resolve) => {
    if (handleOf(socket)) socket.close(resolve);
    else resolve();
  }),
};

orders.on('message', async (order) => {
  try {
    orders.postMessage({ answer: await ORDERS[order.do](order) });
  } catch (error) {
    const { code, errno, syscall, address, port } = error; // a copy has not got them
    orders.postMessage({ error, details: { code, errno, syscall, address, port } });
  }
});
