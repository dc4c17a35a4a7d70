'use strict';
// Options that Node's socket does not have, groups by the interface's name and number, stats().

const assert = require('node:assert');
const path = require('node:path');
const { SOCKOPTS } = require('../../../lib/bridge/layout.js');
const { inChild } = require('../../support/process/child.js');
const { eventually, failure, extra, pair, sendNumbers } = require('../../support/extras.js');
const { namespace, noNamespace } = require('../../support/network/namespaces.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'sockopt.js');
const inNamespace = { prefix: namespace, needs: noNamespace, onHost: false };

/** Options that the kernel refuses to a process without a capability. */
const PRIVILEGED = ['Mark', 'Transparent', 'BusyPoll'];

/** What is read is the processor of the last packet. */
const READS_OTHERWISE = ['IncomingCPU'];

/** Node's own methods, which answer the system's errors. */
const OF_NODE = ['Broadcast', 'TTL', 'MulticastTTL', 'MulticastLoopback'];

function attempted(action) {
  try {
    return action();
  } catch (error) {
    return error.code;
  }
}

const OPTIONS = {
  setTOS: [8], setDontFragment: [true], getMTU: [], bindToDevice: [null], setMulticastAll: [false], setIncomingCPU: [0],
  setBusyPoll: [0], setGroupInterface: ['lo'],
};

const joined = ['name', 'index', 'address', 'all'].flatMap((by) => [[`join by ${by}`, 'ok'], ['heard', `to ${by}`], ['leave', 'ok']]);

inChild('joining and leaving groups by name, number and address', FIXTURE, 'groups', {
  ...inNamespace,
  expected: [
    ['leave by', 'ok'], ...joined, ['no such interface', 'ENODEV'], ['no such interface', 'ENODEV'],
    ['no such interface', 'ENODEV'], ['no such interface', 'EADDRNOTAVAIL'], ['of a source', 'ok'], ['leave it', 'ok'],
    ['not joined', 'EADDRNOTAVAIL'], ['no group', 'EINVAL'],
  ],
});

inChild('the effect of the options', FIXTURE, 'options', {
  ...inNamespace,
  expected: [
    ['bindToDevice', 'ok'], ['bindToDevice', 'ENODEV'], ['bindToDevice', 'ok'], ['getMTU without a peer', 'ENOTCONN'],
    ['getMTU', 1500], ['setDontFragment', 'ok'], ['more than the MTU', 'EMSGSIZE'], ['setDontFragment', 'ok'],
    ['in fragments', 2000], ['setTOS', 'ok'], ['setIncomingCPU', 'ok'], ['setBusyPoll', 'ok'],
  ],
});

extra('unbound and closed sockets refuse every option', async (t) => {
  for (const [name, values] of Object.entries(OPTIONS)) {
    const socket = t.socket('socket');
    const error = await failure(() => socket[name](...values));
    assert.deepStrictEqual([error.code, error.syscall, error.message], ['EBADF', name, `${name} EBADF: the socket is not bound`]);
    socket.close();
    assert.strictEqual((await failure(() => socket[name](...values))).code, 'ERR_SOCKET_DGRAM_NOT_RUNNING');
  }
});

extra('each option of the table is set and read', async (t) => {
  const socket = await t.bound('socket');
  for (const { name, isBoolean, least, most } of SOCKOPTS) {
    const values = isBoolean ? [true, false] : [least, Math.min(most, 6)];
    for (const value of values) {
      const outcome = attempted(() => {
        socket[`set${name}`](value);
        return socket[`get${name}`]();
      });
      assert.ok(outcome === value || PRIVILEGED.includes(name) && outcome === 'EPERM' || READS_OTHERWISE.includes(name), `${name} ${value}: ${outcome}`);
    }
    if (OF_NODE.includes(name)) continue;
    if (!isBoolean) for (const value of [least - 1, most + 1, 1.5]) assert.throws(() => socket[`set${name}`](value), { code: 'ERR_OUT_OF_RANGE' });
    if (!isBoolean) assert.throws(() => socket[`set${name}`]('1'), { code: 'ERR_INVALID_ARG_TYPE' });
  }
}, { needs: process.platform === 'linux' ? false : 'other systems have only some of the options' });

extra('invalid arguments', async (t) => {
  const socket = await t.bound('socket');
  const wrong = [
    ['setTOS', 256], ['setTOS', -1], ['setTOS', '8'], ['bindToDevice', undefined], ['bindToDevice', 5], ['setIncomingCPU', -1],
    ['setBusyPoll', 1.5], ['setGroupInterface', null], ['joinGroup', 5], ['joinGroup', '224.0.0.114', null],
    ['joinGroup', '224.0.0.114', { interface: -1 }], ['joinGroup', '232.0.0.1', { source: 5 }],
  ];
  const codes = await Promise.all(wrong.map(async ([name, ...values]) => (await failure(() => socket[name](...values))).code.slice(4)));
  const [type, range] = ['INVALID_ARG_TYPE', 'OUT_OF_RANGE'];
  assert.deepStrictEqual(codes, [range, range, type, type, type, range, range, type, type, type, range, type]);
  const refused = async (...values) => (await failure(() => socket.joinGroup(...values))).message;
  assert.strictEqual(await refused('not a group'), 'joinGroup EINVAL not a group');
  assert.strictEqual(await refused('232.0.0.1', { source: 'nowhere' }), 'joinGroup EINVAL 232.0.0.1 from nowhere');
  assert.strictEqual(await refused('224.0.0.114', { interface: 'none' }), 'joinGroup ENODEV 224.0.0.114 on none');
  const steering = await failure(() => socket.setReusePortSteering('port'));
  assert.strictEqual(steering.message, "The argument 'steer' must be 'flow', 'cpu' or { byte: offset }. Received 'port'");
});

extra('stats() counts what has been sent and received', async (t) => {
  const { socket, sender } = await pair(t);
  const fresh = t.socket('unbound').stats();
  assert.deepStrictEqual([fresh.datagramsIn, fresh.datagramsOut, fresh.dropped], [0, 0, undefined]);
  const heard = t.times(socket, 'message', 10);
  sendNumbers(sender, 1, 10);
  await heard;
  const own = await t.connected(await t.bound('own'), await t.boundPeer('peer'));
  for (let n = 0; n < 7; n++) own.send('four');
  const { datagramsIn, bytesIn, batchesIn } = socket.stats();
  assert.deepStrictEqual([datagramsIn, bytesIn], [10, 11]);
  assert.ok(batchesIn >= 1 && batchesIn <= 10);
  const { datagramsOut, bytesOut } = own.stats();
  assert.deepStrictEqual([datagramsOut, bytesOut], [7, 28], 'stats() flushes the batch first');
  assert.ok(Object.values(own.stats()).every((value) => Number.isInteger(value) || value === undefined));
});

extra('the count of drops is what was sent less what was received', async (t) => {
  const { socket, sender } = await pair(t);
  let heard = 0;
  socket.on('message', () => { heard += 1; });
  socket.setRecvBufferSize(4_096);
  socket.pause();
  sendNumbers(sender, 1, 300);
  await t.turns(3);
  socket.resume();
  await eventually(t, () => heard > 0 && heard === socket.stats().datagramsIn);
  await t.turns(5);
  if (process.platform === 'linux') assert.strictEqual(socket.stats().dropped, 300 - heard);
  else assert.strictEqual(socket.stats().dropped, undefined);
});
