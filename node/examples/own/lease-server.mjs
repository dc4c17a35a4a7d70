// A small DHCP-like server on every interface at once. It answers from the address and by the interface that received the
// question, and leases addresses of that network. Not in Node.
//
// node lease-server.mjs 6767. A client sends `DISCOVER` and its name, to one of the server's addresses or to
// 255.255.255.255, and may have no address yet. Ctrl-C ends it.

import process from 'node:process';
import { createSocket } from 'heliogram';

const [port = 6767] = process.argv.slice(2).map(Number);

/**
 * The leased addresses, by interface and name.
 *
 * @type {Map<string, Map<string, string>>}
 */
const leases = new Map();

const server = createSocket('udp4', (message, rinfo) => {
  const [, name] = /^DISCOVER (.+)$/.exec(String(message)) ?? [];
  if (name !== undefined) answer(name, rinfo);
});

server.bind(port, () => {
  server.setBroadcast(true);
  server.setRecvMetadata({ localAddress: true });
  console.log(`listening on ${server.address().address}:${server.address().port}`);
});

/** @param {string} name @param {import('heliogram').RemoteInfo} rinfo */
function answer(name, { address, port, localAddress: source = '', interface: by = '' }) {
  const offer = `OFFER ${lease(name, by, source)} to ${name}`;
  // A client without an address can only be reached by broadcast.
  const to = address === '0.0.0.0' ? '255.255.255.255' : address;
  server.send(offer, port, to, { source, interface: by }, (error) => {
    if (error) console.error(error.message);
    else console.log(`${offer}, from ${source} by ${by}`);
  });
}

/**
 * The address leased to a name: from .100 on, in the network of the server's address.
 *
 * @param {string} name @param {string} by @param {string} local
 */
function lease(name, by, local) {
  const taken = leases.get(by) ?? new Map();
  leases.set(by, taken);
  if (!taken.has(name)) taken.set(name, local.replace(/\d+$/, String(100 + taken.size % 100)));
  return taken.get(name);
}
