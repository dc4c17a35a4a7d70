'use strict';
// setRecvErrors() and the 'queuedError' event: errors with the datagram that caused them.

const assert = require('node:assert');
const path = require('node:path');
const { inChild } = require('../../support/process/child.js');
const { eventually, failure, extra } = require('../../support/extras.js');
const { CLOSED_PORT, namespace, noIPv6, noNamespace } = require('../../support/network/namespaces.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'error-queue.js');
const notLinux = process.platform !== 'linux' && 'only Linux keeps errors for an unconnected socket';

/** A socket with setRecvErrors(true), and the errors that it has emitted. */
async function listening(t, type = 'udp4') {
  const socket = await t.bound('socket', type);
  socket.setRecvErrors(true);
  const heard = [];
  socket.on('queuedError', (error) => heard.push(error));
  socket.on('error', (error) => heard.push(error));
  return { socket, heard };
}

extra('the error of a closed port names the peer, and the socket goes on', async (t) => {
  for (const [type, address, origin, icmpType, icmpCode] of [['udp4', '127.0.0.5', 'icmp', 3, 3], ...(noIPv6 ? [] : [['udp6', '::1', 'icmp6', 1, 4]])]) {
    const { socket, heard } = await listening(t, type);
    socket.send('x', CLOSED_PORT, address);
    await eventually(t, () => heard.length === 1);
    const { offender, ...rest } = heard[0];
    assert.deepStrictEqual(rest, { code: 'ECONNREFUSED', errno: -111, address, port: CLOSED_PORT, origin, type: icmpType, icmpCode });
    assert.ok(offender === address || offender === '127.0.0.1', offender);
    await t.barrier(socket);
  }
}, { needs: notLinux });

extra('errors of many peers at once, in order, and messages after them', async (t) => {
  const { socket, heard } = await listening(t);
  const addresses = Array.from({ length: 50 }, (_, n) => `127.0.1.${n + 1}`);
  for (const address of addresses) socket.send('x', CLOSED_PORT, address);
  await eventually(t, () => heard.length === 50);
  assert.deepStrictEqual(heard.map(({ address }) => address), addresses);
  await t.barrier(socket);
}, { needs: notLinux });

extra('a connected socket reports by the event only, and its sends do not fail', async (t) => {
  const { socket, heard } = await listening(t);
  await t.connected(socket, { address: () => ({ port: CLOSED_PORT, address: '127.0.0.1' }) });
  const results = [];
  for (let n = 0; n < 3; n++) socket.send('x', (error) => results.push(error));
  await eventually(t, () => results.length === 3 && heard.length >= 1);
  assert.deepStrictEqual(results, [null, null, null]);
  assert.ok(heard.every(({ port, code }) => port === CLOSED_PORT && code === 'ECONNREFUSED'));
}, { needs: notLinux });

extra('off, the default: an unconnected socket reports no errors', async (t) => {
  const { socket, heard } = await listening(t);
  socket.setRecvErrors(false);
  socket.send('x', CLOSED_PORT, '127.0.0.1');
  await t.barrier(socket);
  assert.deepStrictEqual(heard, []);
  assert.strictEqual((await failure(() => t.socket('unbound').setRecvErrors(true))).message, 'setRecvErrors EBADF: the socket is not bound');
}, { needs: notLinux });

extra('no event after a listener closes the socket', async (t) => {
  const { socket, heard } = await listening(t);
  socket.on('queuedError', () => socket.close());
  for (let n = 1; n < 9; n++) socket.send('x', CLOSED_PORT, `127.0.1.${n}`);
  await t.once(socket, 'close');
  await t.turns(5);
  assert.strictEqual(heard.length, 1);
}, { needs: notLinux });

inChild('a datagram larger than the MTU of the interface', FIXTURE, 'local', {
  prefix: namespace, needs: noNamespace, onHost: false,
  expected: [['queuedError', 'EMSGSIZE', 'local', 1_500]],
});
