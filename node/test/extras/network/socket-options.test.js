'use strict';
// B105, B106: createSocket({ socketOptions }), getOption() and setOption(), and the class of heliogram's own errors.

const assert = require('node:assert');
const { extra, failure } = require('../../support/extras.js');

const LO = '127.0.0.1';
const notLinux = process.platform !== 'linux' && 'Linux has all of these options';

/** By the system's own numbers. */
const [IPPROTO_IP, IP_TTL, SOL_UDP, UDP_GRO] = [0, 2, 17, 104];

/** The port of a socket; 0 if it has none. */
function portOf(socket) {
  try {
    return socket.address().port;
  } catch {
    return 0;
  }
}

const ALL = {
  ttl: 9, tos: 8, broadcast: true, multicastTTL: 4, multicastLoopback: false, multicastAll: false, priority: 3, freebind: true,
  device: 'lo', groupInterface: 'lo', dontFragment: true, transmitTimeClock: 'monotonic', recvErrors: true,
  recvMetadata: { localAddress: true, ttl: true },
};

extra('B105 socketOptions are set when the socket is bound', async (t) => {
  const socket = await t.bound('socket', { type: 'udp4', socketOptions: ALL });
  const { ttl, tos, broadcast, multicastTTL, multicastLoopback, multicastAll, priority, freebind } = ALL;
  assert.deepStrictEqual(
    [socket.getTTL(), socket.getTOS(), socket.getBroadcast(), socket.getMulticastTTL(), socket.getMulticastLoopback()],
    [ttl, tos, broadcast, multicastTTL, multicastLoopback],
  );
  assert.deepStrictEqual([socket.getMulticastAll(), socket.getPriority(), socket.getFreebind()], [multicastAll, priority, freebind]);
  const received = t.once(socket, 'message');
  socket.send('to itself', socket.address().port, LO);
  const [, rinfo] = await received;
  assert.deepStrictEqual([rinfo.ttl, rinfo.interface, rinfo.localAddress], [9, 'lo', LO]);
}, { needs: notLinux });

extra('B105 before the bind: it needs some of them', async (t) => {
  const elsewhere = '192.0.2.77';
  const plain = t.socket('plain', { type: 'udp4' });
  plain.bind(0, elsewhere);
  const [error] = await t.once(plain, 'error');
  assert.strictEqual(error.code, 'EADDRNOTAVAIL');
  const free = t.socket('free', { type: 'udp4', socketOptions: { freebind: true } });
  free.bind(0, elsewhere);
  await t.once(free, 'listening');
  assert.strictEqual(free.address().address, elsewhere);
}, { needs: notLinux });

extra('B105 an option that the system refuses is the error of the bind, and the port is free', async (t) => {
  for (const socketOptions of [{ device: 'no-such-device' }, { groupInterface: 'no-such-device' }]) {
    const socket = t.socket('socket', { type: 'udp4', socketOptions });
    socket.bind(0, LO);
    const [error] = await t.once(socket, 'error');
    assert.deepStrictEqual([error.code, error.syscall], ['ENODEV', 'bind']);
    assert.strictEqual(portOf(socket), 0);
  }
}, { needs: notLinux });

extra('B105 unknown keys and values out of range are refused, and make no socket', async (t) => {
  const cases = [
    [{ tll: 3 }, 'ERR_INVALID_ARG_VALUE', "The property 'options.socketOptions.tll' is not an option; the nearest is 'ttl'. Received 3"],
    [{ recvMetadata: { ttls: true } }, 'ERR_INVALID_ARG_VALUE', "'options.socketOptions.recvMetadata.ttls' is not an option; the nearest is 'ttl'"],
    [{ ttl: 0 }, 'ERR_OUT_OF_RANGE', '"options.socketOptions.ttl" is out of range'],
    [{ device: 1 }, 'ERR_INVALID_ARG_TYPE', '"options.socketOptions.device" property must be of type string'],
    [{ transmitTimeClock: 'utc' }, 'ERR_INVALID_ARG_VALUE', "'options.socketOptions.transmitTimeClock' must be one of"],
    [3, 'ERR_INVALID_ARG_TYPE', '"options.socketOptions" property must be of type object'],
  ];
  for (const [socketOptions, code, text] of cases) {
    const error = await failure(() => t.socket('socket', { type: 'udp4', socketOptions }));
    assert.strictEqual(error.code, code);
    assert.ok(error.message.includes(text), error.message);
  }
});

extra('B106 options by the system\'s own numbers', async (t) => {
  const socket = await t.bound('socket');
  assert.strictEqual(socket.setOption(IPPROTO_IP, IP_TTL, Buffer.from(Int32Array.of(33).buffer)), undefined);
  assert.deepStrictEqual([socket.getTTL(), socket.getOption(IPPROTO_IP, IP_TTL).readInt32LE(), socket.getOption(IPPROTO_IP, IP_TTL, 1).length], [33, 33, 1]);
  assert.strictEqual((await failure(() => socket.setOption(IPPROTO_IP, IP_TTL))).code, 'ERR_INVALID_ARG_TYPE');
  assert.strictEqual((await failure(() => socket.setOption(IPPROTO_IP, 1.5, Buffer.alloc(4)))).code, 'ERR_OUT_OF_RANGE');
  assert.match((await failure(() => socket.getOption(99, 99))).message, /^getOption \w+$/);
  assert.strictEqual((await failure(() => t.socket('unbound').getOption(IPPROTO_IP, IP_TTL))).code, 'EBADF');
}, { needs: notLinux });

extra('B106 what the socket manages itself is refused with an error of heliogram\'s class', async (t) => {
  const socket = await t.bound('socket');
  const error = await failure(() => socket.setOption(SOL_UDP, UDP_GRO, Buffer.alloc(4)));
  assert.deepStrictEqual([error.name, error.code, error.constructor.name], ['HeliogramError', 'ERR_HELIOGRAM_MANAGED_OPTION', 'HeliogramError']);
  const full = await t.bound('full', { type: 'udp4', maxSendQueueCount: 0 });
  const [refusal] = await t.until((done) => full.send('x', 9, LO, done));
  assert.deepStrictEqual([refusal.constructor, refusal.code], [error.constructor, 'ERR_HELIOGRAM_SEND_QUEUE_FULL']);
}, { needs: notLinux });
