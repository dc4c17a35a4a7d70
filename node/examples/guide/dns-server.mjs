// A DNS server for one zone: answers A queries, and says NXDOMAIN to the rest. `npm install dns-packet`.
//
//   node dns-server.mjs [port]        dig @127.0.0.1 -p 5300 www.example.test

import process from 'node:process';
import packet from 'dns-packet';
import { createSocket } from 'heliogram';

const [port = 5300] = process.argv.slice(2).map(Number);
const ZONE = new Map([
  ['www.example.test', ['192.0.2.1', '192.0.2.2']],
  ['mail.example.test', ['192.0.2.3']],
]);

const server = createSocket('udp4');

server.on('message', (message, rinfo) => {
  const query = decode(message);
  if (query?.type === 'query') server.send(packet.encode(answer(query)), rinfo.port, rinfo.address);
});

/** Anybody can send anything: what is no DNS message is dropped. */
function decode(message) {
  try {
    return packet.decode(message);
  } catch {
    return undefined;
  }
}

function answer({ id, questions: [question] }) {
  const name = question?.name.toLowerCase();
  const addresses = question?.type === 'A' ? (ZONE.get(name) ?? []) : [];
  return {
    type: 'response',
    id,
    flags: packet.AUTHORITATIVE_ANSWER | (ZONE.has(name) ? 0 : 3), // 3: NXDOMAIN
    questions: question ? [question] : [],
    answers: addresses.map((data) => ({ type: 'A', name: question.name, ttl: 60, data })),
  };
}

server.bind(port, () => console.log(`listening on ${server.address().port}`));
process.once('SIGTERM', () => server.close());
