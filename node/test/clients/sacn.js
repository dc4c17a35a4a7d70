'use strict';
// Streaming ACN: levels of stage lights by multicast, each universe a group of its own. On the loopback interface.
const { Receiver, Sender } = require('sacn');

const iface = '127.0.0.1';
const levels = (payload) => Object.fromEntries(Object.entries(payload).filter(([, level]) => level > 0));

exports.peer = ({ port, ready, saw }) => {
  const receiver = new Receiver({ universes: [1, 2], port, iface, reuseAddr: true });
  receiver.on('packet', ({ universe, sourceName, payload }) => saw({ universe, sourceName, levels: levels(payload) }));
  receiver.socket.once('listening', ready);
};

exports.client = async ({ port }) => {
  const options = { port, iface, reuseAddr: true, defaultPacketOptions: { sourceName: 'desk', useRawDmxValues: true } };
  const [first, second] = [1, 2].map((universe) => new Sender({ universe, ...options }));
  await first.send({ payload: { 1: 255, 512: 255 } });
  await second.send({ payload: { 7: 255 } });
  first.close();
  second.close();
  return 'sent';
};

exports.expected = {
  client: 'sent',
  peer: [
    { universe: 1, sourceName: 'desk', levels: { 1: 100, 512: 100 } },
    { universe: 2, sourceName: 'desk', levels: { 7: 100 } },
  ],
};
