// Finds services by multicast DNS on every interface at once, and prints each with the interface that the answer came
// through. `npm install dns-packet`.
//
//   node mdns-discovery.mjs [service] [seconds]

import { networkInterfaces } from 'node:os';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import packet from 'dns-packet';
import { createSocket } from 'heliogram';

const [service = '_http._tcp.local', seconds = '3'] = process.argv.slice(2);
const [GROUP, PORT] = ['224.0.0.251', 5353];
const found = new Set();

// Other programs of this host may use the port: an mDNS daemon does.
const socket = createSocket({ type: 'udp4', reuseAddr: true });

socket.on('message', (message, rinfo) => {
  for (const { type, name, data } of answers(message)) {
    if (type !== 'PTR' || name !== service) continue;
    const line = `${data} at ${rinfo.address} on ${rinfo.interface}`;
    if (!found.has(line)) console.log(line);
    found.add(line);
  }
});

function answers(message) {
  try {
    return packet.decode(message).answers ?? [];
  } catch {
    return []; // no DNS message
  }
}

/** One query for each interface: a datagram to a group leaves by one interface only. */
function ask() {
  const query = packet.encode({ type: 'query', questions: [{ type: 'PTR', name: service }] });
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const local = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
    if (!local) continue;
    socket.send(query, PORT, GROUP, { interface: name, source: local.address, ttl: 255 }, (error) => {
      if (error) console.error(`${name}: ${error.message}`);
    });
  }
}

socket.bindSync({ port: PORT });
socket.joinGroup(GROUP, { interface: '*' });
socket.setMulticastAll(false); // only what this socket has joined
socket.setRecvMetadata({ localAddress: true });
for (let second = 0; second < Number(seconds); second++) {
  ask();
  await setTimeout(1_000);
}
socket.close();
