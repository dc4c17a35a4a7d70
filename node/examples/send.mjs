// Sends one datagram to port 41234 of this machine, found by its name.
import { Buffer } from 'node:buffer';
import dgram from 'node:dgram';

const client = dgram.createSocket('udp4');

client.send(Buffer.from('Some bytes'), 41234, 'localhost', (err, bytes) => {
  console.log(err ? err.message : `sent ${bytes} bytes`);
  client.close();
});
