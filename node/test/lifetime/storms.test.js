'use strict';
// Nothing crashes, and no datagram is corrupted, under constant garbage collection and when environments are torn down
// during traffic.

const path = require('node:path');
const { ends } = require('../support/process/lifetime.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'storms.js');
const gc = { flags: ['--expose-gc'] };
const stress = { flags: ['--expose-gc', '--stress-compaction'] };

ends('garbage collection while datagrams are sent and received', FIXTURE, 'traffic', { ...gc, records: [['all intact', 2_000]] });
ends('compaction while datagrams are sent and received', FIXTURE, 'traffic', { ...stress, env: { COUNT: '200' }, records: [['all intact', 200]] });
ends('garbage collection in every listener and callback', FIXTURE, 'inListeners', { ...gc, records: [['heard', 50], ['sent', 50]] });
ends('garbage collection while sockets are made, dropped and closed', FIXTURE, 'churn', { ...gc, records: [['round trip']] });
ends('a bound socket without references still receives', FIXTURE, 'forgotten', { ...gc, records: [['heard', 20]] });
ends('buffers that the program drops right after the send', FIXTURE, 'unreferenced', { ...gc, records: [['all intact', 500]] });

ends('workers are terminated while they receive', FIXTURE, 'terminateReceiving', { records: [['terminated', 8], ['round trip']] });
ends('workers are terminated while they send', FIXTURE, 'terminateSending', { records: [['terminated', 8], ['round trip']] });
ends('workers are terminated while they bind and look up', FIXTURE, 'terminateBinding', { records: [['terminated', 8], ['round trip']] });
ends('workers are terminated at once', FIXTURE, 'terminateAtOnce', { records: [['terminated', 8], ['round trip']] });
ends('workers end by themselves in a message listener', FIXTURE, 'workerExits', { records: [['exited', 8], ['round trip']] });
ends('workers die of an exception in a message listener', FIXTURE, 'workerThrows', { records: [['died', 8], ['round trip']] });
ends('the module is first loaded by a worker that ends', FIXTURE, 'workerFirst', { records: [['worker ended'], ['round trip']] });
ends('the process exits while workers are in traffic', FIXTURE, 'exitAmongWorkers', { code: 5, records: [['leaving']] });
ends('terminated workers leave no descriptor', FIXTURE, 'descriptors', { records: [['left', 0]] });
ends('terminated workers with receiveCoalescing leave no descriptor', FIXTURE, 'coalescing', { records: [['left', 0]] });
