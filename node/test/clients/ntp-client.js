'use strict';
// The network time protocol: one question, one answer of 48 bytes, and a client that closes at once.
const dgram = require('node:dgram');
const ntp = require('ntp-client');

const MOMENT = '2026-01-02T03:04:05.000Z';
const SECONDS_FROM_1900 = 2_208_988_800;

function answer() {
  const packet = Buffer.alloc(48);
  packet[0] = 0x24; // version 4, server
  packet.writeUInt32BE(Date.parse(MOMENT) / 1000 + SECONDS_FROM_1900, 40);
  return packet;
}

exports.peer = ({ port, ready, saw }) => {
  const server = dgram.createSocket('udp4', (question, from) => {
    saw({ mode: question[0] & 7, size: from.size });
    server.send(answer(), from.port, from.address);
  });
  server.bind(port, '127.0.0.1', ready);
};

exports.client = ({ port }) => new Promise((resolve, reject) => {
  ntp.getNetworkTime('127.0.0.1', port, (error, date) => (error ? reject(error) : resolve(date.toISOString())));
});

exports.expected = { client: MOMENT, peer: [{ mode: 3, size: 48 }] };
