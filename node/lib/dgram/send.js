'use strict';
// socket.send() and sendto(): which of the many argument forms is meant, the look-up, and the callback.

const process = require('../runtime/process.js');
const { AsyncResource } = require('node:async_hooks');
const { types } = require('node:util');
const { kState } = require('../runtime/index.js');
const { bindImplicitly, enqueue, healthCheck } = require('./state.js');
const { blocked } = require('./connect.js');
const { foreseen } = require('./lookup.js');
const sendBatch = require('../bridge/send-batch.js');
const { messageList, sizeOf, slice, validateNumber, validatePort, validateString } = require('../common/validate.js');
const { ExceptionWithHostPort, ERR_IP_BLOCKED, ERR_SOCKET_DGRAM_IS_CONNECTED } = require('../common/errors.js');

/** How many sends wait for their look-up. Those whose answers come in one turn leave together. */
let lookingUp = 0;

/** One datagram on its way. `address` is what the program wrote. */
class SendRequest {
  constructor(socket, list, address, port, callback, options) {
    this.socket = socket;
    this.list = list;
    this.address = address;
    this.port = port;
    this.callback = callback;
    this.options = options;
    this.outcome = undefined;
    this.resource = undefined;
  }

  /** Nobody asks for the outcome. */
  get isSilent() {
    return this.callback === undefined;
  }

  /** Whether to batch it: other sends wait for their look-up. */
  get hasFollowers() {
    return lookingUp > 0;
  }

  startWaiting() {}

  stopWaiting() {}

  /** The datagram is queued: its callback will run in an async scope of its own, as in Node. */
  wait() {
    this.resource = new AsyncResource('UDPSENDWRAP', { requireManualDestroy: true });
  }

  /** It has left, or never will. */
  settle(outcome) {
    this.resource?.runInAsyncScope(reportLate, undefined, this, outcome);
    this.resource?.emitDestroy();
  }
}

/** A request that is counted while it is queued. */
class CountedRequest extends SendRequest {
  constructor(socket, list, address, port, callback, options) {
    super(socket, list, address, port, callback ?? ((error) => unheard(socket, error)), options);
    this.size = sizeOf(list);
  }

  startWaiting() {
    this.socket[kState].pressure.add(this.size);
  }

  stopWaiting() {
    this.socket[kState].pressure.remove(this.size);
  }

  wait() {
    this.startWaiting();
    super.wait();
  }

  settle(outcome) {
    this.stopWaiting();
    super.settle(outcome);
  }
}

/** An error without a callback: only that of a look-up is emitted. */
function unheard(socket, error) {
  const ofSend = error instanceof ExceptionWithHostPort || error instanceof ERR_IP_BLOCKED;
  if (error && !ofSend) socket.emit('error', error);
}

function report({ callback, address, port }, outcome) {
  if (callback === undefined) return;
  if (outcome < 0) callback(new ExceptionWithHostPort(outcome, 'send', address, port));
  else callback(null, outcome);
}

/** As in Node, the callback of a queued send that failed gets the size as well. */
function reportLate(request, outcome) {
  const { callback, list, address, port } = request;
  if (outcome >= 0 || callback === undefined) return report(request, outcome);
  return callback(new ExceptionWithHostPort(outcome, 'send', address, port), sizeOf(list));
}

/** Runs on the tick of the callback of a batched datagram. */
function complete(request) {
  if (request.outcome === undefined) sendBatch.flush();
  if (request.outcome === sendBatch.WAITS) request.wait();
  else report(request, request.outcome);
}

function submit(handle, request, ip) {
  const { list, port, callback } = request;
  if (port) return handle.send(request, list, list.length, port, ip, Boolean(callback));
  return handle.send(request, list, list.length, Boolean(callback));
}

/** Sends the datagram and schedules the callback, if there is one. */
function sendNow(request, ip) {
  const { socket, callback, address, port } = request;
  const { udpHandle, openHandle } = socket[kState];
  const outcome = request.options === undefined ? submit(openHandle, request, ip) : udpHandle.sendWith(request, ip ?? undefined);
  if (callback === undefined) return;
  if (outcome === 0) request.wait();
  else if (outcome === undefined) process.nextTick(complete, request);
  else if (outcome > 0) process.nextTick(callback, null, outcome - 1);
  else process.nextTick(callback, new ExceptionWithHostPort(outcome, 'send', address, port));
}

/** The look-up has ended. A socket that was closed meanwhile sends nothing and calls nobody. */
function afterLookup(request, error, ip) {
  const { socket, callback } = request;
  if (error) {
    if (callback) process.nextTick(callback, error);
    else process.nextTick(() => socket.emit('error', error));
    return;
  }
  const { openHandle, sendBlockList } = socket[kState];
  if (openHandle === null) return;
  const forbidden = ip && sendBlockList ? blocked(socket, ip) : undefined;
  if (forbidden === undefined) sendNow(request, ip);
  else if (callback) process.nextTick(callback, forbidden);
}

/** The part of a message that the arguments mean, and which of them is what, on a socket without a peer. */
function unconnected(socket, message, offset, length, port, address, callback) {
  if (address || (port && typeof port !== 'function')) {
    dispatch(socket, slice(message, offset, length), port, address, callback);
  } else {
    dispatch(socket, message, offset, length, port);
  }
}

/** The same on a connected socket, where a port is an error. */
function connected(socket, message, offset, length, port, address, callback) {
  let bytes = message;
  if (typeof length !== 'number') {
    callback = offset;
  } else {
    bytes = slice(message, offset, length);
    if (typeof port === 'function') [callback, port] = [port, null];
  }
  if (port || address) throw new ERR_SOCKET_DGRAM_IS_CONNECTED();
  dispatch(socket, bytes, port, address, callback);
}

/** Checks what is left to check, in the host's order, and sends now or when the socket is bound. */
function dispatch(socket, message, port, address, callback, options) {
  const state = socket[kState];
  const list = messageList(message);
  if (!state.udpHandle.connected) port = validatePort(port, 'Port', false);
  if (typeof callback !== 'function') callback = undefined;
  if (typeof address === 'function') {
    callback = address;
    address = undefined;
  } else if (address !== undefined && address !== null) {
    validateString(address, 'address');
  }
  healthCheck(socket);
  const refusal = state.pressure?.refuses(sizeOf(list));
  if (refusal !== undefined) {
    if (callback) process.nextTick(callback, refusal);
    return;
  }
  if (!bindImplicitly(socket)) return sendWhenBound(socket, list, port, address, callback, options);
  const Request = state.pressure === undefined ? SendRequest : CountedRequest;
  return lookUp(state, new Request(socket, list, address, port, callback, options));
}

function sendWhenBound(socket, list, port, address, callback, options) {
  const { pressure } = socket[kState];
  const action = () => (options ? dispatch(socket, list, port, address, callback, options) : socket.send(list, port, address, callback));
  enqueue(socket, pressure === undefined ? action : pressure.counted(sizeOf(list), action, callback));
}

function lookUp({ udpHandle, openHandle }, request) {
  if (udpHandle.connected) {
    afterLookup(request, null, null);
    return;
  }
  lookingUp++;
  request.startWaiting();
  const { lookup } = openHandle;
  if (foreseen(lookup, request.address) === undefined) askForAddress(openHandle, request);
  else process.nextTick(afterForeseen, request, lookup);
}

/** A literal address stands for itself, on a tick of its own. */
function afterForeseen(request, lookup) {
  lookingUp--;
  request.stopWaiting();
  afterLookup(request, null, foreseen(lookup, request.address));
}

/** A program's own look-up may answer twice, or throw. */
function askForAddress(openHandle, request) {
  let isLookingUp = true;
  const end = () => {
    if (isLookingUp) lookingUp--;
    if (isLookingUp) request.stopWaiting();
    isLookingUp = false;
  };
  try {
    openHandle.lookup(request.address, (error, ip) => {
      end();
      afterLookup(request, error, ip);
    });
  } catch (error) {
    end();
    throw error;
  }
}

/** Whether a value is an object without a class, as options are. */
function areOptions(value) {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

let sendOptions; // loaded late: few sends have options

function sendWithOptions(socket, message, port, address, options, callback) {
  sendOptions ??= require('./send-options.js');
  const checked = sendOptions.checkedSendOptions(options);
  if (socket[kState].udpHandle.connected && (port || address)) throw new ERR_SOCKET_DGRAM_IS_CONNECTED();
  dispatch(socket, message, port, address, callback, checked);
}

/** The options stand before the callback, in each of Node's forms. Node takes no object there, or ignores it. */
function send(message, offset, length, port, address, callback /* , or options and callback */) {
  const hasPart = typeof length === 'number';
  const { connected: isConnected } = this[kState].udpHandle;
  if (!hasPart && areOptions(port)) return sendWithOptions(this, message, offset, length, port, address);
  if (hasPart && areOptions(callback)) return sendWithOptions(this, slice(message, offset, length), port, address, callback, arguments[6]);
  if (isConnected && hasPart && areOptions(port)) return sendWithOptions(this, slice(message, offset, length), undefined, undefined, port, address);
  if (isConnected && !hasPart && areOptions(offset)) return sendWithOptions(this, message, undefined, undefined, offset, length);
  const form = isConnected ? connected : unconnected;
  return form(this, message, offset, length, port, address, callback);
}

/** send() with all its arguments. */
function sendto(message, offset, length, port, address, callback) {
  validateNumber(offset, 'offset');
  validateNumber(length, 'length');
  validateNumber(port, 'port');
  validateString(address, 'address');
  this.send(message, offset, length, port, address, callback);
}

module.exports = { send, sendto };
