'use strict';
// A stream of single datagrams: each turn of the loop sends one, so that each wakes the receiver.

const { host } = require('../module.js');

/** The most datagrams sent and not yet received, for which every receive buffer has room. */
const UNHEARD = 100;

/**
 * Sends the numbers from 1 on from a socket of the host, which does not keep the process running. `heard` returns how many
 * have been received. `end` stops the stream, and returns how many were sent.
 */
async function stream(t, socket, heard) {
  const sender = host.createSocket('udp4').unref(); // unref() later has no effect in Deno's own dgram
  t.after(() => sender.close());
  const { port } = socket.address();
  await t.until((done) => sender.connect(port, '127.0.0.1', done));
  sender.on('error', () => {}); // the receiver has been closed
  let [sent, isOver] = [1, false];
  t.after(() => { isOver = true; });
  // Deno may reorder sends until its first has completed.
  const first = t.once(socket, 'message');
  sender.send('1');
  await first;
  const turn = () => {
    if (isOver) return;
    setImmediate(turn);
    if (sent - heard() < UNHEARD) sender.send(String(++sent));
  };
  turn();
  return {
    send: (text) => sender.send(text),
    async end() {
      isOver = true;
      await t.turns();
      return sent;
    },
  };
}

module.exports = { stream };
