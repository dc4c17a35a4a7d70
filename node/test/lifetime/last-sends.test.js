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
const ENDS_OF_DELIVERIES = ['exit', 'abort', 'execve', 'reallyExit', 'SIGKILL', 'throw', 'worker'];

/** Why the runtime cannot do this, or false. */
function lacking(end) {
  if (end === 'execve') return (typeof process.execve !== 'function' || Boolean(runtime.program)) && 'no process.execve';
  return end.startsWith('sendMany') && nodeMajor < 24 && 'dns.lookup answers for literal addresses too, in another turn';
}

/** Declares a test of a process that ends so, with these further arguments. */
function leavesFive(title, end, ...how) {
  declare(`B99 ${title}`, { timeout: 60_000, skip: lacking(end) || (SUBJECT === HOST && 'sendMany is heliogram\u2019s') }, async () => {
    const receiver = host.createSocket('udp4');
    let received = 0;
    receiver.on('message', () => received++);
    receiver.bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    const [program, ...args] = [...runtime.command(), FIXTURE, end, receiver.address().port, ...how];
    const child = spawn(program, args, { stdio: 'ignore', env: { ...process.env, HELIOGRAM_TEST_LOAD: SUBJECT, NODE_TEST_CONTEXT: undefined } });
    await once(child, 'close');
    for (let turn = 0; turn < 50 && received < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 10));
    receiver.close();
    assert.strictEqual(received, 5);
  });
}

for (const end of ENDS) leavesFive(`five sends, then ${end}`, end);
for (const end of ENDS_OF_DELIVERIES) leavesFive(`five answers of one delivery, then ${end} in the next listener`, end, 'in a delivery');
