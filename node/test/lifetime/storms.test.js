'use strict';
// Nothing crashes, and no datagram is spoilt, when memory is collected all the time and when environments are
// torn down in the midst of traffic.

const path = require('node:path');
const { ends } = require('../support/process/lifetime.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'storms.js');
const gc = { flags: ['--expose-gc'] };
const stress = { flags: ['--expose-gc', '--stress-compaction'] };

ends('collection while datagrams come and go', FIXTURE, 'traffic', { ...gc, records: [['all intact', 2_000]] });
ends('compaction while datagrams come and go', FIXTURE, 'traffic', { ...stress, env: { COUNT: '200' }, records: [['all intact', 200]] });
ends('collection in every listener and callback', FIXTURE, 'inListeners', { ...gc, records: [['heard', 50], ['sent', 50]] });
ends('collection while sockets are made, forgotten and closed', FIXTURE, 'churn', { ...gc, records: [['round trip']] });
ends('a bound socket that nobody refers to still hears', FIXTURE, 'forgotten', { ...gc, records: [['heard', 20]] });
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
ends('nor those whose datagrams wait for each other', FIXTURE, 'coalescing', { records: [['left', 0]] });
