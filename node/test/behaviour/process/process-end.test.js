'use strict';
// B7, B20, B29, B38, B86: scenarios that end their process, or would without a handler.

const path = require('node:path');
const { inChild, run } = require('../../support/process/child.js');
const { differential } = require('../../support/differential.js');
const { nameOf, nodeMajor } = require('../../support/module.js');

const FIXTURE = path.join(__dirname, '..', 'fixtures', 'process-end.js');

inChild('B7 an unhandled bind error is an uncaught exception', FIXTURE, 'bindError', { code: 1 });
// In Node 22 the callback of a bind is an 'error' listener as well, and the error is lost.
inChild('B7 a bind callback does not make it handled', FIXTURE, 'bindErrorWithCallback', { code: nodeMajor > 22 ? 1 : 0 });
inChild('B7 the process goes on if it handles the exception', FIXTURE, 'bindErrorCaught', { least: 3 });

inChild('B20 a refused receive buffer size is an uncaught exception', FIXTURE, 'recvBufferRefused', { code: 1 });
inChild('B20 a refused send buffer size is an uncaught exception', FIXTURE, 'sendBufferRefused', { code: 1 });
inChild('B20 the socket after a handled exception', FIXTURE, 'bufferRefusedCaught', { least: 4 });

inChild('B29 a failed look-up of an unhandled send is an uncaught exception', FIXTURE, 'sendLookupError', { code: 1 });
inChild('B46 an unhandled receive error is an uncaught exception', FIXTURE, 'refused', { code: 1 });

inChild('B38 a throwing listener loses no message', FIXTURE, 'throwingListener', { least: 11 });
inChild('B38 a throwing listener ends the process', FIXTURE, 'fatalListener', { code: 1, least: 1 });
inChild('B38 throwing in every kind of listener and callback', FIXTURE, 'throwingEverywhere', { least: 12 });
inChild('B38 ticks and microtasks that throw between messages', FIXTURE, 'throwingTicks', { least: 9 });
inChild('B38 a rejected promise of an async listener', FIXTURE, 'rejectingListener', { least: 6 });

const ENDS = [
  ...['exitConnected', 'exitUnconnected', 'exitMany', 'throwConnected', 'throwMany', 'throwUnconnected'],
  ...['terminatedMany', 'exitedMany', 'sendOnExit', 'sendOnBeforeExit', 'exitInCallback', 'exitInMessage'],
];

for (const scenario of ENDS) {
  const code = scenario.startsWith('throw') ? 1 : 0;
  differential(`B86 datagrams sent before the process ends: ${scenario}`, async (t) => {
    const peer = await t.boundPeer('peer');
    const heard = [];
    peer.on('message', (message) => heard.push(message));
    const { port } = peer.address();
    const child = await run(FIXTURE, scenario, { module: nameOf(t.dgram), env: { PORT: String(port) } });
    await t.barrier(peer);
    t.note(scenario, child.code, child.signal, ...heard);
    if (child.code !== code) throw new Error(`exit code ${child.code}\n${child.stderr}`);
  });
}
