'use strict';
// socket.send() and sendto(): which of the many argument forms is meant, the look-up, and the callback.

const { AsyncResource } = require('node:async_hooks');
const { kState } = require('./host.js');
const { UNBOUND, BOUND, enqueue, healthCheck } = require('./state.js');
const { blocked } = require('./connect.js');
const environment = require('./environment.js');
const { messageList, slice, validateNumber, validatePort, validateString } = require('./validate.js');
const { ExceptionWithHostPort, ERR_SOCKET_DGRAM_IS_CONNECTED } = require('./errors.js');

/** One datagram on its way. `address` is what the program wrote. */
class SendRequest {
  outcome = undefined;
  resource = undefined;

  constructor(list, address, port, callback) {
    this.list = list;
    this.address = address;
    this.port = port;
    this.callback = callback;
  }

  /** The datagram waits for the kernel: its callback will run in a scope of its own, as in Node. */
  wait() {
    this.resource = new AsyncResource('UDPSENDWRAP', { requireManualDestroy: true });
  }

  /** It has left, or never will. */
  settle(outcome) {
    this.resource?.runInAsyncScope(reportLate, undefined, this, outcome);
    this.resource?.emitDestroy();
  }
}

function report({ callback, address, port }, outcome) {
  if (callback === undefined) return;
  if (outcome < 0) callback(new ExceptionWithHostPort(outcome, 'send', address, port));
  else callback(null, outcome);
}

/** The host tells callbacks that had to wait the size as well if the send failed. */
function reportLate(request, outcome) {
  const { callback, list, address, port } = request;
  if (outcome >= 0 || callback === undefined) return report(request, outcome);
  const size = list.reduce((sum, view) => sum + view.byteLength, 0);
  return callback(new ExceptionWithHostPort(outcome, 'send', address, port), size);
}

/** The tick on which the callback is due of a datagram that was gathered. */
function complete(request) {
  if (request.outcome === undefined) environment.flush();
  if (request.outcome === environment.WAITS) request.wait();
  else report(request, request.outcome);
}

function submit(handle, request, ip) {
  const { list, port, callback } = request;
  if (port) return handle.send(request, list, list.length, port, ip, Boolean(callback));
  return handle.send(request, list, list.length, Boolean(callback));
}

/** Hands the datagram over, and sees to it that the callback learns the outcome. Without a callback nobody does. */
function sendNow(socket, request, ip) {
  const { callback, address, port } = request;
  const outcome = submit(socket[kState].running, request, ip);
  if (outcome === 0) request.wait();
  else if (callback === undefined) return;
  else if (outcome === undefined) process.nextTick(complete, request);
  else if (outcome > 0) process.nextTick(callback, null, outcome - 1);
  else process.nextTick(callback, new ExceptionWithHostPort(outcome, 'send', address, port));
}

/** The look-up has ended. A socket that was closed meanwhile sends nothing and calls nobody. */
function afterLookup(socket, request, error, ip) {
  const { callback } = request;
  if (error) {
    if (callback) process.nextTick(callback, error);
    else process.nextTick(() => socket.emit('error', error));
    return;
  }
  if (socket[kState].running === null) return;
  const forbidden = ip ? blocked(socket, ip) : undefined;
  if (forbidden === undefined) sendNow(socket, request, ip);
  else if (callback) process.nextTick(callback, forbidden);
}

/** `[message, port, address, callback]` of the arguments of a socket without a peer. */
function unconnectedForm(message, offset, length, port, address, callback) {
  if (address || (port && typeof port !== 'function')) {
    return [slice(message, offset, length), port, address, callback];
  }
  return [message, offset, length, port];
}

/** `[message, port, address, callback]` of the arguments of a socket that has a peer; a port is one too many. */
function connectedForm(message, offset, length, port, address, callback) {
  if (typeof length !== 'number') {
    if (port || address) throw new ERR_SOCKET_DGRAM_IS_CONNECTED();
    return [message, port, address, offset];
  }
  const part = slice(message, offset, length);
  if (typeof port === 'function') [port, callback] = [null, port];
  if (port || address) throw new ERR_SOCKET_DGRAM_IS_CONNECTED();
  return [part, port, address, callback];
}

function send(...args) {
  const state = this[kState];
  const { connected } = state.own;
  let [message, port, address, callback] = connected ? connectedForm(...args) : unconnectedForm(...args);
  const list = messageList(message);
  if (!connected) port = validatePort(port, 'Port', false);
  if (typeof callback !== 'function') callback = undefined;
  if (typeof address === 'function') {
    callback = address;
    address = undefined;
  } else if (address !== undefined && address !== null) {
    validateString(address, 'address');
  }
  healthCheck(this);
  if (state.bindState === UNBOUND) this.bind({ port: 0, exclusive: true }, null);
  if (state.bindState !== BOUND) {
    enqueue(this, () => this.send(list, port, address, callback));
    return;
  }
  const request = new SendRequest(list, address, port, callback);
  if (connected) afterLookup(this, request, null, null);
  else state.running.lookup(address, (error, ip) => afterLookup(this, request, error, ip));
}

// As many as the longest form has.
Object.defineProperty(send, 'length', { value: 6 });

/** send() with all its arguments. */
function sendto(message, offset, length, port, address, callback) {
  validateNumber(offset, 'offset');
  validateNumber(length, 'length');
  validateNumber(port, 'port');
  validateString(address, 'address');
  this.send(message, offset, length, port, address, callback);
}

module.exports = { send, sendto };
