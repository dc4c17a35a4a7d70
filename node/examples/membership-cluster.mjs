// The workers of a cluster share one socket, so only one of them may join a group: the other is told EADDRINUSE.
import cluster from 'node:cluster';
import dgram from 'node:dgram';
import process from 'node:process';

/** Prints what both workers say, the one that joined first, and lets them go only then: else the socket is not shared. */
function primary() {
  /** @type {string[]} */
  const said = [];
  cluster.on('message', (worker, text) => {
    said.push(text);
    if (said.length < 2) return;
    console.log(said.sort().reverse().join('\n'));
    cluster.disconnect();
  });
  cluster.fork();
  cluster.fork();
}

function worker() {
  const socket = dgram.createSocket('udp4');
  socket.bind(1234, () => {
    try {
      socket.addMembership('224.0.0.114');
      process.send?.('one worker joined 224.0.0.114');
    } catch (err) {
      process.send?.(`and one did not: ${err instanceof Error ? err.message : err}`);
    }
  });
}

if (cluster.isPrimary) primary();
else worker();
