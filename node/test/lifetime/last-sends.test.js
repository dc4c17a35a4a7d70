'use strict';
// B99: what a process sends before it ends, leaves.

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { declare } = require('../support/differential.js');
const { HOST, SUBJECT, host, nodeMajor } = require('../support/module.js');
const runtime = require('../support/runtime.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'last-sends.js');
const ENDS = ['exit listener', 'sendMany in an exit listener', 'abort', 'execve', 'reallyExit', 'SIGKILL'];
const BLOCKED_ENDS = ['process.exit', 'an exception'];
const ENDS_OF_DELIVERIES = ['exit', 'abort', 'execve', 'reallyExit', 'SIGKILL', 'throw', 'worker'];

/** Why the runtime cannot do this, or false. */
function lacking(end) {
  if (end === 'execve') return (typeof process.execve !== 'function' || Boolean(runtime.program)) && 'no process.execve';
  return end.startsWith('sendMany') && nodeMajor < 24 && 'dns.lookup answers for literal addresses too, in another turn';
}

/** Waits for a moment until something is so. */
async function until(isSo, turns) {
  for (let turn = 0; turn < turns && !isSo(); turn++) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** How many datagrams a process that ends so sends before it may end, and altogether. */
async function countSent(end, how, { isBlocked }) {
  const receiver = host.createSocket('udp4');
  let received = 0;
  receiver.on('message', () => received++);
  receiver.bind(0, '127.0.0.1');
  await once(receiver, 'listening');
  const [program, ...args] = [...runtime.command(), FIXTURE, end, receiver.address().port, ...how];
  const env = { ...process.env, HELIOGRAM_TEST_LOAD: SUBJECT, NODE_TEST_CONTEXT: undefined };
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'], env });
  const closed = once(child, 'close');
  if (isBlocked) await until(() => received === 5, 400);
  const before = received;
  child.stdin.end();
  await closed;
  await until(() => received === 5, 50);
  receiver.close();
  return [before, received];
}

/** Declares a test of a process that ends so, with these further arguments. */
function leavesFive(title, end, ...how) {
  declare(`B99 ${title}`, { timeout: 60_000, skip: lacking(end) || (SUBJECT === HOST && 'sendMany is heliogram\u2019s') }, async () => {
    const [, received] = await countSent(end, how, { isBlocked: false });
    assert.strictEqual(received, 5);
  });
}

for (const end of BLOCKED_ENDS) {
  declare(`B99 a send and four in a listener of exit leave before the listener blocks, after ${end}`, { timeout: 60_000 }, async () => {
    const sent = await countSent(end, [], { isBlocked: true });
    assert.deepStrictEqual(sent, [5, 5]);
  });
}

for (const end of ENDS) leavesFive(`five sends, then ${end}`, end);
for (const end of ENDS_OF_DELIVERIES) leavesFive(`five answers of one delivery, then ${end} in the next listener`, end, 'in a delivery');
