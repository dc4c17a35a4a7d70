// Connects a socket to one peer, and sends to it without naming it again.
import { Buffer } from 'node:buffer';
import dgram from 'node:dgram';

const client = dgram.createSocket('udp4');

client.connect(41234, 'localhost', () => {
  const { address, port } = client.remoteAddress();
  console.log(`connected to ${address}:${port}`);
  client.send(Buffer.from('Some bytes'), (err, bytes) => {
    console.log(err ? err.message : `sent ${bytes} bytes`);
    client.close();
  });
});
