'use strict';
// Values that no program should pass, and a check that the process still works after it has passed them.

const { isIP } = require('node:net');
const util = require('node:util');

const thrower = (what) => () => { throw new RangeError(`${what} was called`); };

function detached() {
  const view = new Uint8Array(8);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

/** A view out of the bounds of its buffer, which has shrunk. */
function outOfBounds() {
  const buffer = new ArrayBuffer(8, { maxByteLength: 16 });
  const view = new Uint8Array(buffer, 4, 4);
  buffer.resize(2);
  return view;
}

/** A view that tracks the length of its buffer, which has grown. */
function tracking() {
  const buffer = new ArrayBuffer(2, { maxByteLength: 16 });
  const view = new Uint8Array(buffer);
  buffer.resize(5);
  return view;
}

function revoked(target) {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const trap = (target) => new Proxy(target, { get: thrower('get'), has: thrower('has'), ownKeys: thrower('ownKeys') });

/** The values, by name; each is made anew for every call. */
const VALUES = {
  undefined: () => undefined, null: () => null, true: () => true, false: () => false,
  zero: () => 0, minusZero: () => -0, minusOne: () => -1, one: () => 1, fraction: () => 1.5, NaN: () => NaN, infinity: () => Infinity,
  '2^16': () => 2 ** 16, '2^31': () => 2 ** 31, '2^32': () => 2 ** 32, '2^32+9': () => 2 ** 32 + 9, '2^53': () => 2 ** 53, '-2^31': () => -(2 ** 31),
  empty: () => '', text: () => 'text', nul: () => '127.0.0.1\0', surrogate: () => '\ud800', long: () => 'x'.repeat(70_000), numeric: () => '9', IPv4: () => '127.0.0.1', IPv6: () => '::1',
  group: () => '224.0.0.114', percent: () => '%', zone: () => 'fe80::1%lo%lo',
  symbol: () => Symbol('hostile'), bigint: () => 9n, bigBigint: () => 2n ** 64n,
  array: () => [], nested: () => [[]], sparse: () => Array(3), object: () => ({}), bare: () => Object.create(null), boxed: () => new String('127.0.0.1'), boxedNumber: () => new Number(9),
  function: () => () => {}, class: () => class Hostile {}, date: () => new Date(0), regexp: () => /x/, map: () => new Map([[1, 2]]), promise: () => Promise.resolve(1), error: () => new Error('hostile'),
  toString: () => ({ toString: thrower('toString') }), valueOf: () => ({ valueOf: thrower('valueOf') }), toPrimitive: () => ({ [Symbol.toPrimitive]: thrower('toPrimitive') }),
  valueOfNine: () => ({ valueOf: () => 9 }), proxy: () => trap({}), proxyOfArray: () => trap([]), proxyOfFunction: () => trap(() => {}), revokedObject: () => revoked({}), revokedArray: () => revoked([]),
  arrayBuffer: () => new ArrayBuffer(4), sharedArrayBuffer: () => new SharedArrayBuffer(4), sharedView: () => new Uint8Array(new SharedArrayBuffer(4)), dataView: () => new DataView(new ArrayBuffer(4)),
  detached, outOfBounds, tracking, emptyView: () => new Uint8Array(0), float: () => new Float64Array(2), bigInts: () => new BigInt64Array(2), buffer: () => Buffer.from('abc'),
};

/** Answers on the next tick, without a name server. */
const lookup = (name, family, callback) => process.nextTick(callback, null, isIP(name) ? name : '127.0.0.1', 4);

/** Records the outcome of a call: the error, or the kind of value returned. */
function outcome(t, label, action) {
  try {
    const result = action();
    t.note(label, typeof result, result !== null && typeof result === 'object' && !util.types.isProxy(result) ? result.constructor?.name : '');
  } catch (error) {
    t.note(`${label} threw`, describe(error));
  }
}

/** The fields of an error, or the text of any other thrown value. */
function describe(error) {
  return error instanceof Error ? { name: error.name, code: error.code, message: error.message } : String(error);
}

const STATES = {
  unbound: async (t) => t.socket('socket', { type: 'udp4', lookup }),
  binding: async (t) => t.socket('socket', { type: 'udp4', lookup }).bind(0, '127.0.0.1'),
  async bound(t) {
    const socket = t.socket('socket', { type: 'udp4', lookup });
    socket.bind(0, '127.0.0.1');
    await t.once(socket, 'listening');
    return socket;
  },
  async connected(t) {
    const socket = await STATES.bound(t);
    socket.connect(9, '127.0.0.1');
    await t.once(socket, 'connect');
    return socket;
  },
  async closed(t) {
    const socket = await STATES.bound(t);
    socket.close();
    return socket;
  },
};

/** Records uncaught exceptions, which would otherwise end the process. */
function survive(t) {
  process.on('uncaughtException', (error) => t.note('uncaught', describe(error)));
}

/** Checks that sockets still work, and closes those of the scenario, so that the process can end. */
async function roundTrip(t) {
  const [socket, client] = [t.dgram.createSocket('udp4'), t.dgram.createSocket('udp4')];
  socket.bind(0, '127.0.0.1');
  await t.once(socket, 'listening');
  const heard = t.once(socket, 'message');
  client.send('still here', socket.address().port, '127.0.0.1');
  t.note('round trip', (await heard)[0]);
  socket.close();
  client.close();
  await t.end();
}

module.exports = { STATES, VALUES, describe, lookup, outcome, roundTrip, survive };
