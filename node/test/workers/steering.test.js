'use strict';
// setReusePortSteering(): sockets that share a port, in one process and in several.

const assert = require('node:assert');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { eventually, failure, extra } = require('../support/extras.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'sharer.js');
const address = '127.0.0.1';
const needs = process.platform !== 'linux' && 'steering is Linux\'s';

async function bound(t, port = 0) {
  const socket = t.socket(`socket at ${port}`, { type: 'udp4', reusePort: true });
  socket.bind(port, address);
  await t.once(socket, 'listening');
  return socket;
}

/** Sends datagrams whose first bytes are 0 to 11, from as many ports. */
function sendTwelve(t, port) {
  for (let byte = 0; byte < 12; byte++) t.peer(`sender ${byte}`).send(Buffer.from([byte]), port, address);
}

extra('sockets of one process, by a byte of the message, and by flow again', async (t) => {
  const first = await bound(t);
  const { port } = first.address();
  const sockets = [first, await bound(t, port), await bound(t, port)];
  const heard = [];
  for (const [index, socket] of sockets.entries()) socket.on('message', ([byte]) => heard.push([byte, index]));
  sockets[1].setReusePortSteering({ byte: 0 }, 3);
  sendTwelve(t, port);
  await eventually(t, () => heard.length === 12);
  for (const [byte, index] of heard) assert.strictEqual(index, byte % 3);
  sockets[2].setReusePortSteering('flow');
  sendTwelve(t, port);
  await eventually(t, () => heard.length === 24);
}, { needs });

extra('sockets of several processes', async (t) => {
  const socket = await bound(t);
  const { port } = socket.address();
  const heard = [];
  socket.on('message', ([byte]) => heard.push([byte, 0]));
  for (const index of [1, 2]) {
    const child = fork(FIXTURE, [String(port)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    t.after(() => child.kill());
    assert.deepStrictEqual((await once(child, 'message'))[0], 'bound');
    child.on('message', (byte) => heard.push([byte, index]));
  }
  socket.setReusePortSteering({ byte: 0 }, 3);
  sendTwelve(t, port);
  await eventually(t, () => heard.length === 12);
  for (const [byte, index] of heard) assert.strictEqual(index, byte % 3);
}, { needs });

extra('impossible steering is refused', async (t) => {
  const alone = await t.bound('alone');
  assert.strictEqual((await failure(() => alone.setReusePortSteering('cpu', 2))).code, 'EINVAL');
  const codes = [['luck'], [null], [{ byte: -1 }], [{ byte: '1' }], ['cpu', 0]].map(async (values) => (await failure(() => alone.setReusePortSteering(...values))).code);
  const [value, range, type] = ['ERR_INVALID_ARG_VALUE', 'ERR_OUT_OF_RANGE', 'ERR_INVALID_ARG_TYPE'];
  assert.deepStrictEqual(await Promise.all(codes), [value, value, range, type, range]);
}, { needs });
