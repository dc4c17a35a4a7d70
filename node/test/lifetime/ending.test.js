'use strict';
// Processes end when nothing keeps them alive, and not before.

const path = require('node:path');
const { ends } = require('../support/process/lifetime.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'ending.js');

ends('a socket that was never bound keeps nothing alive', FIXTURE, 'unbound', { records: [['made']] });
ends('a bound socket keeps the process alive', FIXTURE, 'bound', { records: [['alive'], ['closed']] });
ends('a bound socket that was unref’d and ref’d keeps the process alive', FIXTURE, 'refAgain', { records: [['alive'], ['closed']] });
ends('unref before bind', FIXTURE, 'unrefBeforeBind', { records: [['listening']] });
ends('unref while binding', FIXTURE, 'unrefWhileBinding', { records: [['bind called']] });
ends('unref when bound', FIXTURE, 'unrefWhenBound', { records: [['listening']] });
ends('unref of a connected socket with traffic', FIXTURE, 'unrefConnected', { records: [['heard'], ['unref’d']] });
ends('unref in a message listener', FIXTURE, 'unrefInMessage', { records: [['heard']] });
ends('unref of a flooded socket', FIXTURE, 'unrefFlooded', { records: [['heard']] });
ends('unref of a flooded socket while something else keeps the process alive', FIXTURE, 'unrefFloodedAlive', { records: [['goes on', true]] });
ends('one of two sockets unref’d', FIXTURE, 'oneOfTwo', { records: [['alive'], ['closed']] });
ends('close', FIXTURE, 'close', { records: [['closed']] });
ends('close while binding', FIXTURE, 'closeWhileBinding', { records: [['closed']] });
ends('close in every listener', FIXTURE, 'closeEverywhere', { records: [['listening'], ['connect'], ['message'], ['sent']] });
ends('close of many sockets with traffic among them', FIXTURE, 'closeMany', { records: [['all closed']] });
ends('a failed bind keeps nothing alive', FIXTURE, 'failedBind', { records: [['error', 'EADDRNOTAVAIL']] });
ends('an aborted signal', FIXTURE, 'aborted', { records: [['closed']] });
ends('await using', FIXTURE, 'disposed', { records: [['disposed']] });
ends('send callbacks of an unref’d socket come while something else keeps the process alive', FIXTURE, 'unrefCallback', { records: [['sent', null, 1]] });

for (const place of ['listening', 'message', 'sent', 'connect', 'close', 'tick', 'immediate']) {
  ends(`process.exit in ${place}`, FIXTURE, 'exitIn', { env: { PLACE: place }, code: 7, records: [[place], ['exit', 7]] });
  ends(`an uncaught exception in ${place}`, FIXTURE, 'throwIn', { env: { PLACE: place }, code: 1, records: [[place], ['exit', 1]] });
}

ends('methods in the exit listener', FIXTURE, 'methodsOnExit', { records: [['address', true], ['send', true], ['close', true]] });
ends('a new socket in the exit listener', FIXTURE, 'socketOnExit', { records: [['made', true]] });
