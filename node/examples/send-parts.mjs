// Sends one datagram made of several buffers; without an address it goes to this machine.
import { Buffer } from 'node:buffer';
import dgram from 'node:dgram';

const client = dgram.createSocket('udp4');
const parts = [Buffer.from('Some '), Buffer.from('bytes')];

client.send(parts, 41234, (err, bytes) => {
  console.log(err ? err.message : `sent ${bytes} bytes in ${parts.length} parts`);
  client.close();
});
