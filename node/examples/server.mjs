// Receives on port 41234 of every interface and prints each datagram with its sender.
//
//   node --import heliogram/register examples/server.mjs [count]
//
// Ends after that many datagrams; without a count it goes on until it is stopped.
import dgram from 'node:dgram';
import process from 'node:process';

let left = Number(process.argv[2] ?? Infinity);
const server = dgram.createSocket('udp4');

server.on('listening', () => {
  const { address, port } = server.address();
  console.log(`server listening ${address}:${port}`);
});

server.on('message', (msg, rinfo) => {
  console.log(`server got: ${msg} from ${rinfo.address}:${rinfo.port}`);
  left -= 1;
  if (left === 0) server.close();
});

server.on('error', (err) => {
  console.error(`server error:\n${err.stack}`);
  server.close();
});

server.bind(41234);
