'use strict';
// joinGroup(): on all interfaces it says on which, and it is no obstacle to a send.

const path = require('node:path');
const { inChild } = require('../../support/process/child.js');
const { namespace, noNamespace } = require('../../support/network/namespaces.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'join-all.js');
const inNamespace = { prefix: namespace, needs: noNamespace, onHost: false };

// The namespace has the loopback interface and a pair of its own beside the 16 of the test.
inChild('B95 a group on more interfaces than the kernel allows', FIXTURE, 'all', {
  ...inNamespace,
  expected: [['first', 10, 9, ['ENOBUFS']], ['again', 19, 0], ['left', 19, 0]],
});

inChild('B95 a socket that has joined a group sends', FIXTURE, 'send', {
  ...inNamespace,
  expected: [['sent', null, 5], ['received', 'hello']],
});
