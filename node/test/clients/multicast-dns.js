'use strict';
// Multicast DNS: both ends share a port and a group, ask everyone and answer everyone. On the loopback interface.
const mdns = require('multicast-dns');

const open = (port) => mdns({ port, interface: '127.0.0.1', bind: '0.0.0.0', ttl: 1 });

exports.peer = ({ port, ready, saw }) => {
  const responder = open(port);
  responder.on('query', ({ questions }) => {
    for (const { name, type } of questions) {
      saw(`${type} ${name}`);
      responder.respond([{ name, type, ttl: 60, data: '192.0.2.7' }]);
    }
  });
  responder.on('ready', ready);
};

exports.client = ({ port }) => new Promise((resolve) => {
  const client = open(port);
  client.on('response', ({ answers: [{ name, type, data }] }) => {
    client.destroy(() => resolve({ name, type, data }));
  });
  client.on('ready', () => client.query('printer.local', 'A'));
});

exports.expected = {
  client: { name: 'printer.local', type: 'A', data: '192.0.2.7' },
  peer: ['A printer.local'],
};
