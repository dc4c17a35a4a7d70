'use strict';
// The methods and properties that Node's sockets lack. They are not enumerable, so that a program which lists a socket's
// members finds Node's. Their files are loaded at the first use.

const { SOCKOPTS } = require('../bridge/layout.js');
const { kState } = require('../runtime/index.js');
const { enqueue, handleOf } = require('../dgram/state.js');

function closeIfOpen(socket) {
  if (handleOf(socket)) socket.close();
}

/** Closes the socket unless it is closed; after what waits for its bind, as close() does. */
function dispose() {
  if (this[kState].queue === undefined) closeIfOpen(this);
  else enqueue(this, () => closeIfOpen(this));
}

const hidden = (value) => ({ value, writable: true, configurable: true });

/** A getter that gives way to a property which a program sets on its socket, or on a class of its own. */
function hiddenGetter(name, get) {
  const set = function (value) {
    Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
  };
  return { get, set, configurable: true };
}

/** Loads a file at the first call. `require` takes a microsecond each time, and leaves garbage. */
function once(load) {
  let loaded;
  return () => (loaded ??= load());
}

/** The same, made once for each socket. */
function made(name, make) {
  const known = new WeakMap();
  return hiddenGetter(name, function () {
    if (!known.has(this)) known.set(this, make(this));
    return known.get(this);
  });
}

/** Options that Node's own methods set. */
const OF_NODE = ['Broadcast', 'TTL', 'MulticastTTL', 'MulticastLoopback'];

const SOCKOPT_METHODS = [
  ...SOCKOPTS.map(({ name }) => `get${name}`),
  ...SOCKOPTS.filter(({ name }) => !OF_NODE.includes(name)).map(({ name }) => `set${name}`),
  'bindToDevice', 'getMTU', 'getOption', 'joinGroup', 'leaveGroup', 'setTransmitTimeClock', 'setDontFragment',
  'setGroupInterface', 'setOption', 'setRecvErrors', 'setRecvMetadata', 'setReusePortSteering', 'stats',
];

/** Methods of a file which the first call of one of them loads. */
function later(load, names) {
  const file = once(load);
  const methods = names.map((name) => ({
    [name](...args) {
      return Reflect.apply(file()[name], this, args);
    },
  }));
  return Object.fromEntries(methods.flatMap(Object.entries).map(([name, method]) => [name, hidden(method)]));
}

const streams = once(() => require('./web-streams.js'));
const pressure = once(() => require('../dgram/backpressure.js'));

exports.additions = {
  ...later(() => require('./pause.js'), ['isPaused', 'pause', 'resume']),
  ...later(() => require('./async-iterator.js'), ['messages']),
  ...later(() => require('./send-many.js'), ['sendMany']),
  ...later(() => require('./sockopt.js').methods, SOCKOPT_METHODS),
  [Symbol.asyncIterator]: hidden(function () {
    return this.messages();
  }),
  [Symbol.dispose]: hidden(dispose),
  readable: made('readable', (socket) => streams().readableOf(socket)),
  writable: made('writable', (socket) => streams().writableOf(socket)),
  writableLength: hiddenGetter('writableLength', function () {
    return pressure().pressureOf(this).size;
  }),
  writableNeedDrain: hiddenGetter('writableNeedDrain', function () {
    return pressure().pressureOf(this).needsDrain;
  }),
};
