'use strict';
// Every method, in every state, with every hostile value in place of every argument: the same error as the host's, or none,
// and the process goes on.

const path = require('node:path');
const { inChild } = require('../support/process/child.js');
const { host } = require('../support/module.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'arguments.js');

const METHODS = Object.keys(require('./fixtures/arguments.js').METHODS);

// bindSync and connectSync must not crash either, also where the host does not have them.
const hostHas = (method) => !method.includes('Sync') || 'bindSync' in host.Socket.prototype;

for (const method of METHODS) {
  inChild(`${method} with hostile arguments`, FIXTURE, 'method', { env: { METHOD: method }, onHost: hostHas(method), least: 60 });
}

inChild('createSocket with hostile arguments and options', FIXTURE, 'createSocket', { least: 500 });
inChild('methods called on other objects', FIXTURE, 'wrongReceiver', { least: 100 });
inChild('objects whose conversion closes the socket', FIXTURE, 'conversions', { least: 8 });
inChild('message lists that change or throw while they are read', FIXTURE, 'lists', { least: 10 });
inChild('look-ups that misbehave', FIXTURE, 'lookups', { least: 12 });
inChild('signals and block lists that misbehave', FIXTURE, 'options', { least: 6 });
