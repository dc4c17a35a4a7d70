// The workers of a cluster share one socket, so only one of them may join a group: the other gets EADDRINUSE.
import cluster from 'node:cluster';
import dgram from 'node:dgram';
import process from 'node:process';

/** Prints the reports of both workers, the one that joined first. The workers stay until then, so that they share the socket. */
function primary() {
  /** @type {string[]} */
  const reports = [];
  cluster.on('message', (worker, text) => {
    reports.push(text);
    if (reports.length < 2) return;
    console.log(reports.sort().reverse().join('\n'));
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
