'use strict';
// B97: what differs between versions of Node's dgram, with both neighbours of each change, and the running Node's own answer.

const assert = require('node:assert');
const dns = require('node:dns');
const test = require('node:test');
const { errorMonitor } = require('node:events');
const { host, isItself } = require('./support/module.js');
const { rulesOf, ...running } = require('../dist/core.cjs')['runtime/versions.js'];

const skip = !isItself && `in ${process.version} the package is the host's own dgram`;

/** Version, whether literals are not looked up, the event that forgets a bind's callback. */
const TABLE = [
  [22, 0, false, 'error'],
  [24, 0, false, 'error'],
  [24, 18, false, 'error'],
  [24, 19, true, 'error'],
  [24, 20, true, 'error'],
  [24, 21, true, undefined],
  [26, 0, true, undefined],
];

for (const [major, minor, skipsLookup, bindFailureEvent] of TABLE) {
  test(`B97 Node ${major}.${minor}`, () => {
    const rules = rulesOf(major, minor);
    assert.deepStrictEqual([rules.skipsLookup, rules.bindFailureEvent], [skipsLookup, bindFailureEvent]);
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
  socket.close();
  dns.lookup = lookup;
  assert.strictEqual(lookups === 0, running.skipsLookup);
});
