'use strict';
// Every method called in every listener and callback: the same result as on the host, and the process goes on.

const path = require('node:path');
const { inChild } = require('../support/process/child.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'reentrant.js');
const { PLACES } = require('./fixtures/reentrant.js');

for (const place of Object.keys(PLACES)) {
  inChild(`every method in ${place}`, FIXTURE, 'inPlace', { env: { PLACE: place }, least: 30 });
}

inChild('two sockets that close each other', FIXTURE, 'eachOther', { least: 2 });
inChild('listeners that add and remove listeners', FIXTURE, 'listeners', { least: 6 });
inChild('a send in every callback, a thousand deep', FIXTURE, 'deep', { least: 2 });
inChild('methods replaced by the program', FIXTURE, 'replaced', { least: 6 });
