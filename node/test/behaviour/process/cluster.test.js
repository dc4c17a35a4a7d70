'use strict';
// B12 (in a worker), B17, B18, B82: sockets that workers of a cluster share.

const path = require('node:path');
const { inChild } = require('../../support/process/child.js');

const FIXTURE = path.join(__dirname, '..', 'fixtures', 'cluster.js');

inChild('B17 workers that bind the same address share one socket', FIXTURE, 'shared', { least: 5 });
inChild('B17 an exclusive bind is not shared', FIXTURE, 'exclusive', { least: 2 });
inChild('B17 reusePort is exclusive', FIXTURE, 'reusePort', { least: 2 });
inChild('B17 port 0 is one port for all workers', FIXTURE, 'ephemeral', { least: 2 });
inChild('B17 implicit binds are exclusive', FIXTURE, 'implicit', { least: 1 });
inChild('B17 an error of the primary is an error of bind', FIXTURE, 'failing', { least: 1 });
inChild('B17 a descriptor that the primary does not have', FIXTURE, 'descriptor', { least: 1 });
inChild('B18 a shared socket stays unref’d', FIXTURE, 'unref', { least: 1 });
inChild('B12 close while the request to the primary is under way', FIXTURE, 'closing', { least: 1 });
inChild('B82 the request to the primary, and the use of its answer', FIXTURE, 'asked', { least: 1 });
inChild('B82 multicast membership in a worker', FIXTURE, 'membership', { least: 1 });
