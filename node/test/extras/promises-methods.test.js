'use strict';
// B96: heliogram/promises has the socket's methods.

const assert = require('node:assert');
const path = require('node:path');
const { extra } = require('../support/extras.js');
const { selfTest } = require('../support/module.js');

/** Methods that heliogram/promises replaces by a promise, a loop or a property. */
const OTHERWISE = ['bind', 'bindSync', 'connect', 'connectSync', 'constructor', 'messages', 'readable', 'writable', 'writableLength', 'writableNeedDrain', 'sendto'];

extra('B96 heliogram/promises has every method of the socket', async (t) => {
  const { createSocket, Socket } = require(path.join(__dirname, '..', '..', 'promises.js'));
  const missing = Object.getOwnPropertyNames(t.dgram.Socket.prototype)
    .filter((name) => !OTHERWISE.includes(name) && typeof Socket.prototype[name] !== 'function');
  assert.deepStrictEqual(missing, []);
  const socket = createSocket('udp4');
  const { port } = await socket.bind({ address: '127.0.0.1' });
  assert.strictEqual(socket.address().port, port);
  assert.strictEqual(socket.setTTL(7), 7);
  assert.strictEqual(socket.unref(), socket);
  socket.joinGroup('239.1.2.3', { interface: 'lo' });
  await socket.close();
}, { needs: selfTest && 'the module under test is the host\u2019s' });
