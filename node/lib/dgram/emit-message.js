'use strict';
// Emits 'message'. `emit` makes an array of the arguments and looks the listener up by name, a tenth of JavaScript's time
// for a message. A single listener is called directly, where no program can observe the difference.

const { EventEmitter } = require('node:events');
const { ownEmitHas } = require('../runtime/index.js');
const { symbolOf } = require('../runtime/symbols.js');

const { call } = Function.prototype;
const { emit } = EventEmitter.prototype;

/** The host's own `emit`; undefined where a program has put a function of its own around it, or nothing shows which it is. */
const ownEmit = ownEmitHas && `${emit}`.includes(ownEmitHas) ? emit : undefined;

/** Whether errors of listeners' promises are events. */
const kCapture = symbolOf(EventEmitter.prototype, 'kCapture');

/** `emit` of a message. */
function emitMessage(socket, message, rinfo) {
  const listener = socket._events?.message;
  const isOrdinary = typeof listener === 'function' && listener.call === call;
  if (isOrdinary && socket.emit === ownEmit && socket[kCapture] === false) listener.call(socket, message, rinfo);
  else socket.emit('message', message, rinfo);
}

module.exports = { emitMessage };
