'use strict';
// Open Sound Control: messages with typed arguments, and bundles of messages.
const { Bundle, Client, Server } = require('node-osc');

exports.peer = ({ port, ready, saw }) => {
  const server = new Server(port, '127.0.0.1', ready);
  server.on('message', (message) => saw(message));
  server.on('bundle', ({ elements }) => saw({ bundle: elements }));
};

exports.client = async ({ port }) => {
  const client = new Client('127.0.0.1', port);
  await client.send('/volume', 11, 0.5, 'loud');
  await client.send(new Bundle(['/left', 1], ['/right', 2]));
  await client.close();
  return 'closed';
};

exports.expected = {
  client: 'closed',
  peer: [['/volume', 11, 0.5, 'loud'], { bundle: [['/left', 1], ['/right', 2]] }],
};
