// Metrics of the processes of this host, by unix datagrams: no port, no network, and the kernel says which process sent
// each. Linux.
//
//   node unix-metrics.mjs serve /run/metrics.sock
//   node unix-metrics.mjs send /run/metrics.sock 'requests:1|c'

import process from 'node:process';
import { createSocket } from 'heliogram';

const [role, path, metric] = process.argv.slice(2);
if (role === 'serve') serve();
else send();

function serve() {
  // The path of a server that was killed is taken over.
  const server = createSocket({ type: 'unix_dgram', receiveCredentials: true, replaceStale: true });
  server.on('message', (message, { credentials }) => {
    console.log(`${message} from process ${credentials.pid} of user ${credentials.uid}`);
  });
  server.bind(path, () => console.log(`listening on ${path}`));
  process.once('SIGTERM', () => server.close()); // removes the path
}

function send() {
  const client = createSocket('unix_dgram');
  client.send(metric, path, (error) => {
    if (error) console.error(error.message);
    client.close();
  });
}
