'use strict';
const assert = require('node:assert');
const { mock, test } = require('node:test');
const { exchange, expected } = require('./exchange.cjs');

test('node:test: loaded after the fakes are set', async () => {
  mock.timers.enable();
  assert.deepStrictEqual(await exchange(require('../../../index.js')), expected);
  assert.deepStrictEqual(await exchange(require('node:dgram')), expected);
  mock.timers.reset();
});
