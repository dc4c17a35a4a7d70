// An echo server with an async iterator, and a client with promises. Not in Node.

import { createSocket } from 'heliogram';
import promises from 'heliogram/promises';

const server = createSocket('udp4');
server.bindSync({ address: '127.0.0.1' });

async function serve() {
  for await (const { message, rinfo } of server) server.send(message, rinfo.port, rinfo.address);
  console.log('the server is closed');
}

const client = promises.createSocket('udp4');
const serving = serve();
await client.connect(server.address().port, '127.0.0.1', { timeout: 1_000 });
for (const word of ['one', 'two', 'three']) {
  await client.send(word);
  const { message } = await client.receive({ timeout: 5_000 });
  console.log(`echoed: ${message}`);
}
await client.close();
server.close();
await serving;
