'use strict';
// The additional methods of the socket do not disturb programs that do not use them.

const assert = require('node:assert');
const { SOCKOPTS } = require('../../lib/bridge/layout.js');
const { host } = require('../support/module.js');
const { extra } = require('../support/extras.js');

const OPTIONS = SOCKOPTS.flatMap(({ name }) => [`get${name}`, `set${name}`]).filter((name) => !(name in host.Socket.prototype));

const ADDITIONS = [
  ...OPTIONS,
  'bindToDevice', 'getMTU', 'getOption', 'isPaused', 'joinGroup', 'leaveGroup', 'messages', 'pause', 'readable', 'resume', 'sendMany',
  'setDontFragment', 'setGroupInterface', 'setOption', 'setRecvErrors', 'setRecvMetadata', 'setReusePortSteering', 'setTransmitTimeClock',
  'stats', 'writable', 'writableLength', 'writableNeedDrain',
].sort();

/** Methods of Node that not every host has. */
const isNodes = (name) => name.endsWith('Sync') || name.startsWith('getSendQueue');

const enumerable = (object) => {
  const names = [];
  for (const name in object) names.push(name);
  return names.sort();
};

extra('the additional methods are not enumerable, and there are no others', async (t) => {
  const { prototype } = t.dgram.Socket;
  const names = Object.getOwnPropertyNames(prototype).filter((name) => !(name in host.Socket.prototype));
  assert.deepStrictEqual(names.filter((name) => !isNodes(name)).sort(), ADDITIONS);
  for (const name of ADDITIONS) assert.strictEqual(Object.getOwnPropertyDescriptor(prototype, name).enumerable, false, name);
  for (const symbol of Object.getOwnPropertySymbols(prototype)) {
    const known = [Symbol.asyncIterator, Symbol.dispose].includes(symbol) || symbol in host.Socket.prototype;
    assert.ok(known, String(symbol));
  }
  const ours = enumerable(t.socket('socket')).filter((name) => !isNodes(name));
  assert.deepStrictEqual(ours, enumerable(t.peer('peer')).filter((name) => !isNodes(name)));
});

extra('a program may use the names for properties of its own', async (t) => {
  class Mine extends t.dgram.Socket {
    constructor() {
      super('udp4');
      for (const name of ADDITIONS) this[name] = name;
    }
  }
  const socket = t.name('mine', new Mine());
  for (const name of ADDITIONS) assert.strictEqual(socket[name], name);
  assert.deepStrictEqual(Object.keys(socket).filter((name) => ADDITIONS.includes(name)), ADDITIONS);
  socket.close();
  assert.notStrictEqual(t.socket('other').writableLength, 'writableLength');
});
