// A DHCP server (RFC 2131) for every network that this host has an IPv4 address in. It answers from the interface that the
// question came through, with an address of that interface's network.
//
//   node dhcp-server.mjs [interface ...]        without names: all of them; wants root for port 67

import { networkInterfaces } from 'node:os';
import process from 'node:process';
import { createSocket } from 'heliogram';

const only = process.argv.slice(2);
const [SERVER_PORT, CLIENT_PORT] = [67, 68];
const [DISCOVER, OFFER, REQUEST, ACK, NAK, RELEASE] = [1, 2, 3, 5, 6, 7];
const COOKIE = Buffer.from([99, 130, 83, 99]);
const LEASE = 3_600; // seconds
const [FIRST, LAST] = [100, 199]; // the last byte of the addresses that are given

/** Who has which address, for each interface. */
const leases = new Map();

const server = createSocket({ type: 'udp4', reuseAddr: true });

server.on('message', (message, { interface: by }) => {
  const request = parse(message);
  if (request && (only.length === 0 || only.includes(by))) answer(request, by);
});

/** The message's fields that matter here, or undefined if it is none of a DHCP client. */
function parse(message) {
  if (message.length < 240 || message[0] !== 1 || !message.subarray(236, 240).equals(COOKIE)) return undefined;
  const options = new Map();
  for (let at = 240; at + 1 < message.length && message[at] !== 255;) {
    if (message[at] === 0) { at += 1; continue; } // padding
    options.set(message[at], message.subarray(at + 2, at + 2 + message[at + 1]));
    at += 2 + message[at + 1];
  }
  const hardware = message.subarray(28, 34).toString('hex');
  const wanted = options.get(50) ?? message.subarray(12, 16); // asked for, or in use already
  return { message, options, hardware, kind: options.get(53)?.[0], wanted: [...wanted].join('.') };
}

function answer(request, by) {
  const local = networkInterfaces()[by]?.find(({ family }) => family === 'IPv4');
  if (!local) return;
  const chosen = request.options.get(54); // the server whose offer the client takes
  if (chosen && [...chosen].join('.') !== local.address) return;
  const taken = leases.get(by) ?? new Map();
  leases.set(by, taken);
  const address = lease(taken, request.hardware, local.address);
  if (request.kind === DISCOVER) reply(request, OFFER, address, local, by);
  if (request.kind === REQUEST) reply(request, request.wanted === address ? ACK : NAK, address, local, by);
  if (request.kind === RELEASE) taken.delete(request.hardware);
}

/** The client's address, or the first that is free; undefined if there is none. */
function lease(taken, hardware, local) {
  const used = new Set(taken.values());
  const all = Array.from({ length: LAST - FIRST + 1 }, (_, n) => local.replace(/\d+$/, String(FIRST + n)));
  const address = taken.get(hardware) ?? all.find((one) => one !== local && !used.has(one));
  if (address) taken.set(hardware, address);
  return address;
}

function reply({ message, hardware }, kind, address, local, by) {
  if (!address) return;
  const header = Buffer.alloc(236);
  message.copy(header, 0, 0, 236); // transaction, flags, relay and hardware address stay
  header[0] = 2; // a reply
  header.fill(0, 12, 24);
  if (kind !== NAK) header.set(bytes(address), 16);
  const offered = kind === NAK ? [] : [option(51, [0, 0, LEASE >> 8, LEASE & 255]), option(1, bytes(local.netmask)), option(3, bytes(local.address))];
  const packet = [header, COOKIE, option(53, [kind]), option(54, bytes(local.address)), ...offered, Buffer.from([255])];
  // The client has no address yet, so the answer is a broadcast on its own interface.
  server.send(packet, CLIENT_PORT, '255.255.255.255', { source: local.address, interface: by }, (error) => {
    if (error) console.error(`${by}: ${error.message}`);
    else if (kind === ACK) console.log(`${address} to ${hardware} on ${by}`);
  });
}

const bytes = (address) => address.split('.').map(Number);
const option = (code, value) => Buffer.from([code, value.length, ...value]);

server.bind(SERVER_PORT, () => {
  server.setBroadcast(true);
  server.setRecvMetadata({ localAddress: true });
  console.log(`listening on ${server.address().port}`);
});
process.once('SIGTERM', () => server.close());
