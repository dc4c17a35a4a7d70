'use strict';
// 'message' is emitted: whoever stands between `emit` and the listeners is not passed by.

const { EventEmitter } = require('node:events');
const path = require('node:path');
const { inChild } = require('../../support/process/child.js');
const { differential } = require('../../support/differential.js');
const { program } = require('../../support/runtime.js');

const FIXTURE = path.join(__dirname, '..', 'fixtures', 'emit.js');

const notNode = program ? 'domain is Node’s' : false;

/** A bound receiver of the module under test, and a function that sends it a message and lets it be heard. */
async function receiver(t) {
  const socket = await t.bound('socket');
  const sender = await t.boundPeer('sender');
  await t.connected(sender, socket);
  const send = async (message) => {
    sender.send(message);
    await t.turns(4);
  };
  return { socket, send };
}

differential('a message is emitted by the socket’s own emit', async (t) => {
  const { socket, send } = await receiver(t);
  socket.on('message', t.callback('listener'));
  await send('by the prototype’s');
  socket.emit = function (event, ...values) {
    t.note('emit', event, ...values);
    return EventEmitter.prototype.emit.call(this, event, ...values);
  };
  await send('by its own');
  delete socket.emit;
  await send('by the prototype’s again');
}, { least: 4 });

differential('a message is emitted by what a program puts around emit', async (t) => {
  const { socket, send } = await receiver(t);
  socket.on('message', t.callback('listener'));
  await send('before');
  const { emit } = EventEmitter.prototype;
  t.replace(EventEmitter.prototype, 'emit', function (event, ...values) {
    if (this === socket) t.note('emit', event, ...values);
    return emit.call(this, event, ...values);
  });
  await send('after');
}, { least: 3 });

differential('listeners that come and go', async (t) => {
  const { socket, send } = await receiver(t);
  await send('to nobody');
  socket.once('message', function (...values) {
    t.note('once', this === socket, ...values);
  });
  await send('to one, once');
  socket.on('message', function (...values) {
    t.note('on', this === socket, ...values);
  });
  await send('to one');
  socket.prependListener('message', () => socket.removeAllListeners('message'));
  await send('to two, one of which removes them');
  await send('to nobody again');
}, { least: 3 });

differential('a listener with a call of its own', async (t) => {
  const { socket, send } = await receiver(t);
  const listener = t.callback('listener');
  listener.call = t.callback('call');
  listener.apply = t.callback('apply');
  socket.on('message', listener);
  await send('message');
}, { least: 1 });

for (const captureRejections of [true, false]) {
  const title = captureRejections ? 'an error of a listener’s promise is an event' : 'a listener’s promise is nobody’s';
  differential(`${title} where rejections are ${captureRejections ? '' : 'not '}captured`, async (t) => {
    t.replace(EventEmitter, 'captureRejections', captureRejections);
    const { socket, send } = await receiver(t);
    t.watch(socket, 'error');
    socket.on('message', async (message) => {
      t.note('message', message);
      if (captureRejections) throw new Error('of a listener');
    });
    await send('hello');
  }, { least: captureRejections ? 2 : 1 });
}

inChild('what a program has put around emit before there is a socket', FIXTURE, 'wrapped', { least: 5 });
inChild('an error of a listener goes to its domain', FIXTURE, 'domain', { least: 4, needs: notNode });
