'use strict';
// Art-Net: a controller of stage lights sends a fixture the levels of its channels.
const artnet = require('artnet');
const dgram = require('node:dgram');

const DMX = 0x5000;
const TRIGGER = 0x9900;

/** The fixture: reads what the specification of Art-Net 4 says about ArtDmx and ArtTrigger packets. */
function read(packet) {
  const id = packet.toString('latin1', 0, 7);
  const code = packet.readUInt16LE(8);
  if (code === TRIGGER) return { id, trigger: packet[16] };
  if (code !== DMX) return { id, code };
  return { id, universe: packet.readUInt16LE(14), levels: [...packet.subarray(18, 18 + packet.readUInt16BE(16))] };
}

exports.peer = ({ port, ready, saw }) => {
  dgram.createSocket('udp4', (packet) => saw(read(packet))).bind(port, '127.0.0.1', ready);
};

exports.client = async ({ port }) => {
  const controller = artnet({ host: '127.0.0.1', port });
  const done = (send) => new Promise((resolve, reject) => send((error, bytes) => (error ? reject(error) : resolve(bytes))));
  const bytes = [
    await done((callback) => controller.set(1, [255, 128], callback)),
    await done((callback) => controller.set(7, 4, 9, callback)),
    await done((callback) => controller.trigger(3, callback)),
  ];
  controller.close();
  return bytes;
};

exports.expected = {
  client: [20, 22, 530],
  peer: [
    { id: 'Art-Net', universe: 0, levels: [255, 128] },
    { id: 'Art-Net', universe: 7, levels: [0, 0, 0, 9] },
    { id: 'Art-Net', trigger: 3 },
  ],
};
