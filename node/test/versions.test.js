'use strict';
// B97: what differs between versions of Node's dgram, with both neighbours of each change, and the running Node's own answer.

const assert = require('node:assert');
const dns = require('node:dns');
const test = require('node:test');
const { errorMonitor } = require('node:events');
const { host, isItself, subject } = require('./support/module.js');
const { rulesOf, ...running } = require('../dist/core.cjs')['runtime/versions.js'];

const skip = !isItself && `in ${process.version} the package is the host's own dgram`;

/**
 * Version; whether literals are not looked up (and the port '0' is refused); the event that forgets a bind's callback; whether
 * instances of unnamed classes are named.
 */
const TABLE = [
  [22, 0, false, 'error', true],
  [22, 99, false, 'error', true],
  [24, 0, false, 'error', true],
  [24, 18, false, 'error', true],
  [24, 19, true, 'error', true],
  [24, 20, true, 'error', true],
  [24, 21, true, undefined, true],
  [24, 22, true, undefined, false],
  [25, 9, false, 'error', true],
  [26, 4, false, 'error', true],
  [26, 5, true, 'error', true],
  [26, 7, true, 'error', true],
  [26, 8, true, undefined, true],
  [26, 9, true, undefined, false],
  [27, 0, true, undefined, false],
];

for (const [major, minor, isLiteral, bindFailureEvent, namesUnnamedClasses] of TABLE) {
  test(`B97 Node ${major}.${minor}`, () => {
    const rules = rulesOf(major, minor);
    const expected = { skipsLookup: isLiteral, refusesTextZero: isLiteral, bindFailureEvent, namesUnnamedClasses };
    assert.deepStrictEqual({ ...rules, ...expected }, rules);
  });
}

test('B97 the running Node does what the table says', { skip }, async () => {
  const { lookup } = dns;
  let lookups = 0;
  dns.lookup = (...args) => {
    lookups++;
    return lookup(...args);
  };
  const socket = host.createSocket('udp4');
  await new Promise((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
    const event = running.bindFailureEvent ?? errorMonitor;
    assert.deepStrictEqual([socket.listenerCount('error') + socket.listenerCount(errorMonitor), socket.listenerCount(event)], [1, 1]);
  });
  assert.strictEqual(isRefused(() => socket.send('x', '0', '127.0.0.1', () => {})), running.refusesTextZero);
  socket.close();
  dns.lookup = lookup;
  assert.strictEqual(lookups === 0, running.skipsLookup);
});

function isRefused(call) {
  try {
    call();
    return false;
  } catch {
    return true;
  }
}

/** An object whose class has a number for a name. */
const unnamed = Object.create({ constructor: { name: 5 } });

test('B97 errors say what the running Node\'s say', { skip }, () => {
  const messages = [host, subject].map((dgram) => {
    const socket = dgram.createSocket('udp4');
    try {
      socket.send(unnamed, 9);
    } catch ({ message }) {
      return message;
    } finally {
      socket.close();
    }
    return undefined;
  });
  assert.strictEqual(messages[1], messages[0]);
});
