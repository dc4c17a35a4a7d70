'use strict';
// StatsD: several measurements in one datagram, from a socket that opens on first use and closes when idle.
const dgram = require('node:dgram');
const { setTimeout } = require('node:timers/promises');
const Client = require('statsd-client');

exports.peer = ({ port, ready, saw }) => {
  const server = dgram.createSocket('udp4', (packet) => packet.toString().split('\n').filter(Boolean).forEach(saw));
  server.bind(port, '127.0.0.1', ready);
};

exports.client = async ({ port }) => {
  const client = new Client({ host: 'localhost', port, prefix: 'shop', socketTimeout: 300, maxBufferSize: 40 });
  client.increment('visits');
  client.gauge('carts', 12);
  client.timing('checkout', 345);
  client.set('users', 'me');
  await setTimeout(1_200); // long enough for the socket to close and open again
  client.decrement('visits');
  await setTimeout(200); // close() gives datagrams under way 10 ms
  client.close();
  return 'closed';
};

exports.expected = {
  client: 'closed',
  peer: ['shop.visits:1|c', 'shop.carts:12|g', 'shop.checkout:345|ms', 'shop.users:me|s', 'shop.visits:-1|c'],
};
