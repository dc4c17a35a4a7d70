'use strict';
// The garbage collection of a closed socket must not release a descriptor or a native socket that another one has by now.

const assert = require('node:assert');
const { once } = require('node:events');
const test = require('node:test');
const v8 = require('node:v8');
const vm = require('node:vm');
const { subject } = require('../support/module.js');

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc');

const ROUNDS = 20;

test('collecting a closed socket does not disturb the socket opened after it', { timeout: 60_000 }, async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const closed = subject.createSocket('udp4').bind(0, '127.0.0.1');
    await once(closed, 'listening');
    await once(closed.close(), 'close');
    const open = subject.createSocket('udp4').bind(0, '127.0.0.1');
    await once(open, 'listening');
    await new Promise(setImmediate); // the call that closed it is off the stack now
    collect();
    await new Promise(setImmediate); // finalizers have run
    const message = once(open, 'message');
    open.send('some bytes', open.address().port, '127.0.0.1');
    assert.strictEqual(String((await message)[0]), 'some bytes');
    open.close();
  }
});
