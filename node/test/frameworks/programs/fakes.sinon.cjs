'use strict';
const assert = require('node:assert');
const { test } = require('node:test');
const sinon = require('sinon');
const { exchange, expected } = require('./exchange.cjs');

// A faked nextTick stops the host's sockets too.
const toFake = ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate', 'Date', 'hrtime', 'performance'];

test('sinon: loaded after the fakes are set', async () => {
  const clock = sinon.useFakeTimers({ toFake });
  assert.deepStrictEqual(await exchange(require('../../../index.js')), expected);
  assert.deepStrictEqual(await exchange(require('node:dgram')), expected);
  clock.restore();
});

test('sinon: stubs and spies', () => {
  const dgram = require('../../../index.js');
  const create = sinon.stub(dgram, 'createSocket').returns('stubbed');
  assert.strictEqual(dgram.createSocket(), 'stubbed');
  create.restore();
  const Class = sinon.stub(dgram, 'Socket').returns({});
  assert.deepStrictEqual(new dgram.Socket('udp4'), {});
  Class.restore();
  const socket = dgram.createSocket('udp4');
  const close = sinon.spy(socket, 'close');
  socket.close();
  assert.ok(close.calledOnce);
  assert.strictEqual(typeof sinon.createStubInstance(dgram.Socket).send, 'function');
});
