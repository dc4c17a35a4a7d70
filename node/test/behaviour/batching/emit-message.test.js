'use strict';
// Messages go through the socket's `emit`, so that a program that wraps or replaces it sees them.

const { EventEmitter } = require('node:events');
const path = require('node:path');
const { inChild } = require('../../support/process/child.js');
const { differential } = require('../../support/differential.js');
const { program } = require('../../support/runtime.js');

const FIXTURE = path.join(__dirname, '..', 'fixtures', 'emit.js');

const notNode = program ? 'domain is Node’s' : false;

/** A bound receiver of the module under test, and a function that sends it a message and waits until it is received. */
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

differential('a message is emitted through an emit that the socket or the prototype has', async (t) => {
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

differential('a message is emitted through a wrapped emit', async (t) => {
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

differential('listeners added and removed between messages', async (t) => {
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

differential('a listener whose call() is replaced', async (t) => {
  const { socket, send } = await receiver(t);
  const listener = t.callback('listener');
  listener.call = t.callback('call');
  listener.apply = t.callback('apply');
  socket.on('message', listener);
  await send('message');
}, { least: 1 });

for (const captureRejections of [true, false]) {
  const title = captureRejections ? 'a rejection of a listener is an error event' : 'a rejection of a listener is unhandled';
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

inChild('an emit wrapped before the first socket', FIXTURE, 'wrapped', { least: 5 });
inChild('an error of a listener goes to its domain', FIXTURE, 'domain', { least: 4, needs: notNode });
