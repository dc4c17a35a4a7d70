'use strict';
// Datagrams that come one by one: each turn of the loop sends one, so that each wakes it.

const { host } = require('../module.js');

/** So many may be unheard, which any buffer has room for. */
const UNHEARD = 100;

/**
 * Sends the numbers from 1 on to a socket, from the host's, whose sends are nobody's business and keep no process running.
 * `heard` says how many have been heard. `end` stops it, and answers how many were sent.
 */
async function stream(t, socket, heard) {
  const sender = host.createSocket('udp4').unref(); // Deno's own does not hear of it later
  t.after(() => sender.close());
  const { port } = socket.address();
  await t.until((done) => sender.connect(port, '127.0.0.1', done));
  sender.on('error', () => {}); // the socket has been closed meanwhile
  let [sent, isOver] = [1, false];
  t.after(() => { isOver = true; });
  // Deno's sends change places until its first has gone.
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
