'use strict';
// What a handle reports becomes events: 'message', 'messages', 'error'.
//
// `emit` makes an array of the arguments and looks the listener up by name, a tenth of JavaScript's time for a message. So a
// single listener of 'message' is called directly, where no program can observe the difference.

const { EventEmitter } = require('node:events');
const { ErrnoException } = require('../common/errors.js');
const { kOwner, kState, ownEmitHas } = require('../runtime/index.js');
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

/** The program's block list for senders, or undefined. */
const blockListOf = (socket) => socket[kState]?.receiveBlockList;

const isBlocked = (list, { address, family }) => list.check(address, family?.toLowerCase());

function onMessage(nread, handle, message, rinfo) {
  const socket = handle[kOwner];
  if (nread < 0) return socket.emit('error', new ErrnoException(nread, 'recvmsg'));
  const list = blockListOf(socket);
  if (list && isBlocked(list, rinfo)) return undefined;
  rinfo.size = message.length;
  return emitMessage(socket, message, rinfo);
}

function onMessages(handle, messages, rinfos) {
  const socket = handle[kOwner];
  const list = blockListOf(socket);
  if (!list) return socket.emit('messages', messages, rinfos);
  const allowed = rinfos.map((rinfo) => !isBlocked(list, rinfo));
  if (!allowed.includes(true)) return false;
  const isAllowed = (_, index) => allowed[index];
  return socket.emit('messages', messages.filter(isAllowed), rinfos.filter(isAllowed));
}

function onError(_nread, handle, error) {
  return handle[kOwner].emit('error', error);
}

module.exports = { onError, onMessage, onMessages };
