'use strict';
// B92, B93, B94: the options in each form of send(), option objects with an unknown key, and unusual views.

const assert = require('node:assert');
const promises = require('../../../promises.js');
const { extra, failure, pair } = require('../../support/extras.js');

const LO = '127.0.0.1';
const SOURCE = { source: '127.0.0.9' };

/** The arguments of each form from an unconnected socket. */
const UNCONNECTED = {
  'port, address, options': ['message', 'port', LO, SOURCE],
  'offset, length, port, address, options': [Buffer.from('a message!'), 2, 7, 'port', LO, SOURCE],
};

/** The same from a connected one. */
const CONNECTED = {
  options: ['message', { ttl: 9 }],
  'offset, length, options': [Buffer.from('a message!'), 2, 7, { ttl: 9 }],
};

for (const [form, values] of Object.entries(UNCONNECTED)) {
  extra(`B92 send(msg, ${form}, callback)`, async (t) => {
    const receiver = await t.bound('receiver');
    const sender = t.socket('sender');
    const received = t.once(receiver, 'message');
    const args = values.map((value) => (value === 'port' ? receiver.address().port : value));
    assert.deepStrictEqual(await t.until((done) => sender.send(...args, done)), [null, 7]);
    const [message, { address }] = await received;
    assert.deepStrictEqual([String(message), address], ['message', SOURCE.source]);
  });
}

for (const [form, values] of Object.entries(CONNECTED)) {
  extra(`B92 connected: send(msg, ${form}, callback)`, async (t) => {
    const receiver = await t.bound('receiver');
    receiver.setRecvMetadata({ ttl: true });
    const socket = await t.connected(await t.bound('socket'), receiver);
    const received = t.once(receiver, 'message');
    assert.deepStrictEqual(await t.until((done) => socket.send(...values, done)), [null, 7]);
    const [message, { ttl }] = await received;
    assert.deepStrictEqual([String(message), ttl], ['message', 9]);
  });
}

extra('B93 the error of an unknown option names the nearest one', async (t) => {
  const { socket } = await pair(t);
  const cases = [
    [() => socket.send('x', 9, LO, { timestamp: true }), 'options.timestamp', 'transmitTimestamp'],
    [() => socket.send('x', 9, LO, { dontfragments: true }), 'options.dontfragments', 'dontFragment'],
    [() => socket.setRecvMetadata({ hops: true }), 'fields.hops', 'tos'],
    [() => socket.joinGroup('239.0.0.1', { iface: 'lo' }), 'options.iface', 'interface'],
    [() => socket.messages({ highWatermarks: 3 }), 'options.highWatermarks', 'highWaterMark'],
  ];
  const waiting = new promises.Socket('udp4');
  cases.push(
    [() => waiting.receive({ timeOut: 3 }), 'options.timeOut', 'timeout'],
    [() => waiting.connect(9, LO, { signals: undefined }), 'options.signals', 'signal'],
  );
  for (const [call, key, nearest] of cases) {
    const { code, message } = await failure(call);
    assert.strictEqual(code, 'ERR_INVALID_ARG_VALUE');
    assert.ok(message.startsWith(`The property '${key}' is not an option; the nearest is '${nearest}'.`), message);
  }
  await waiting.close();
});

extra('B94 a view with a false byteLength or a shrunk buffer sends the bytes that it has', async (t) => {
  const { socket } = await pair(t);
  const unconnected = await t.bound('unconnected');
  const { port } = socket.address();
  const resizable = new ArrayBuffer(8, { maxByteLength: 8 });
  const lying = Object.defineProperty(Buffer.from('four'), 'byteLength', { value: 1_000 });
  const texts = t.times(socket, 'message', 2).then((all) => all.map(([message]) => String(message)));
  const shrunk = t.until((done) => unconnected.send(new DataView(resizable, 2), port, LO, done));
  resizable.resize(1);
  assert.deepStrictEqual(await shrunk, [null, 0]);
  assert.deepStrictEqual(await t.until((done) => unconnected.send(lying, port, LO, done)), [null, 4]);
  assert.deepStrictEqual(await texts, ['', 'four']);
});
