'use strict';
// What heliogram's sockets have beyond the host's: properties of the prototype that are not enumerable, so that a program
// which lists a socket's members sees what it would see of the host's.

const { kState } = require('./host.js');
const knobs = require('./knobs.js');
const { messages } = require('./messages.js');
const { pressureOf } = require('./pressure.js');
const { isPaused, pause, resume } = require('./pause.js');
const { enqueue, handleOf } = require('./state.js');
const { readableOf, writableOf } = require('./streams.js');

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

/** The same, made once for each socket. */
function made(name, make) {
  const known = new WeakMap();
  return hiddenGetter(name, function () {
    if (!known.has(this)) known.set(this, make(this));
    return known.get(this);
  });
}

const methods = { isPaused, messages, pause, resume, ...knobs };

exports.additions = {
  ...Object.fromEntries(Object.entries(methods).map(([name, method]) => [name, hidden(method)])),
  [Symbol.asyncIterator]: hidden(function () {
    return this.messages();
  }),
  [Symbol.dispose]: hidden(dispose),
  readable: made('readable', readableOf),
  writable: made('writable', writableOf),
  writableLength: hiddenGetter('writableLength', function () {
    return pressureOf(this).size;
  }),
  writableNeedDrain: hiddenGetter('writableNeedDrain', function () {
    return pressureOf(this).needsDrain;
  }),
};
