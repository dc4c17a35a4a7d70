'use strict';
// socket.sendMany(): datagrams that are checked together, leave together and in order, and have one callback.

const process = require('../runtime/process.js');
const { AsyncResource } = require('node:async_hooks');
const { kState } = require('../runtime/index.js');
const { isExiting } = require('../runtime/process-end.js');
const { bindImplicitly, enqueue, healthCheck } = require('../dgram/state.js');
const { blocked } = require('../dgram/connect.js');
const { foreseen } = require('../dgram/lookup.js');
const sendBatch = require('../bridge/send-batch.js');
const { checkedSendOptions } = require('../dgram/send-options.js');
const { messageList, sizeOf, validatePort, validateString } = require('../common/validate.js');
const {
  ExceptionWithHostPort,
  ERR_INVALID_ARG_TYPE,
  ERR_SOCKET_DGRAM_IS_CONNECTED,
  ERR_SOCKET_DGRAM_NOT_RUNNING,
} = require('../common/errors.js');

const isObject = (value) => value !== null && typeof value === 'object';

/** Whether this is `{ message, port, address, options }` and not a message. */
const isDescribed = (value) => isObject(value) && !Array.isArray(value) && !ArrayBuffer.isView(value);

/** The datagrams of one call. It is the request of each of them: flushes set `outcome` in their order. */
class Batch {
  constructor(socket, { datagrams, routes }, toPeer, callback) {
    this.socket = socket;
    this.datagrams = datagrams;
    this.routes = routes;
    this.toPeer = toPeer;
    this.callback = callback;
    this.pressure = socket[kState].pressure;
    this.size = totalSize(datagrams);
    this.settled = 0;
    this.sent = 0;
    this.error = null;
    this.failed = Infinity; // which one has the error
    this.waiting = [];
    this.resource = undefined;
  }

  /** The outcome of the next one. */
  set outcome(outcome) {
    const index = this.settled++;
    if (outcome !== sendBatch.WAITS) return this.end(index, outcome);
    this.waiting.push(index);
    this.pressure?.add(this.datagrams[index].size);
  }

  /** The outcome of the next one of those that were queued. */
  settle(outcome) {
    const index = this.waiting.shift();
    this.pressure?.remove(this.datagrams[index].size);
    this.end(index, outcome);
    if (this.waiting.length > 0) return;
    this.resource?.runInAsyncScope(report, undefined, this);
    this.resource?.emitDestroy();
  }

  end(index, outcome) {
    if (outcome >= 0) this.sent++;
    else this.fail(index, ({ route: { address, port } }) => new ExceptionWithHostPort(outcome, 'send', address, port));
  }

  /** The next one does not leave. */
  refuse(error) {
    sendBatch.flush();
    this.fail(this.settled++, () => error);
  }

  /** Of several errors the first datagram's is reported. */
  fail(index, errorOf) {
    if (index > this.failed) return;
    this.failed = index;
    this.error = errorOf(this.datagrams[index]);
  }

  /** Nothing of it leaves. */
  drop(error) {
    if (this.callback) process.nextTick(this.callback, error, 0);
  }
}

function totalSize(datagrams) {
  let size = 0;
  for (let index = 0; index < datagrams.length; index++) size += datagrams[index].size;
  return size;
}

function report({ callback, error, failed, sent }) {
  if (error !== null) mark(error, failed);
  callback(error, sent);
}

/** The error of a program's own look-up may be any value. */
function mark(error, index) {
  try {
    error.index = index;
  } catch {} // it is reported without
}

/** A destination and send options: mostly one for all datagrams of the call. `answer` is that of the look-up. */
class Route {
  answer = {};

  constructor({ port, address, options }, toPeer) {
    if (address !== undefined && address !== null) validateString(address, 'address');
    if (toPeer && (port || address)) throw new ERR_SOCKET_DGRAM_IS_CONNECTED();
    this.port = toPeer ? undefined : validatePort(port, 'Port', false);
    this.address = address;
    this.options = options === undefined ? undefined : checkedSendOptions(options);
  }
}

/** The checked datagrams of a call, and their routes. */
function checked(messages, common, toPeer) {
  const [datagrams, routes] = [[], []];
  let usual;
  for (let index = 0; index < messages.length; index++) {
    let message = messages[index];
    let route;
    if (isDescribed(message)) {
      route = new Route(routeOf(message, common), toPeer);
      routes.push(route);
      ({ message } = message);
    } else {
      if (usual === undefined) routes.push(usual = new Route(common, toPeer));
      route = usual;
    }
    const list = messageList(message, index);
    datagrams.push({ list, size: sizeOf(list), route });
  }
  return { datagrams, routes };
}

/** A datagram's own port, address and options, or those of the call. */
const routeOf = ({ port, address, options }, common) =>
  ({ port: port ?? common.port, address: address ?? common.address, options: options ?? common.options });

function sendMany(messages, ...args) {
  const callback = args.find((value) => typeof value === 'function');
  const options = args.find(isObject);
  const [port, address] = args.filter((value) => typeof value !== 'function' && !isObject(value));
  if (!Array.isArray(messages)) throw new ERR_INVALID_ARG_TYPE('messages', 'an instance of Array', messages);
  const toPeer = this[kState].udpHandle.connected;
  const batch = checked(messages, { port, address, options }, toPeer);
  healthCheck(this);
  start(this, new Batch(this, batch, toPeer, callback));
}

function start(socket, batch) {
  const refusal = batch.pressure?.refuses(batch.size, batch.datagrams.length);
  if (refusal !== undefined) return batch.drop(refusal);
  return bindImplicitly(socket) ? lookUp(batch) : startWhenBound(socket, batch);
}

function startWhenBound(socket, batch) {
  const { pressure, size, datagrams } = batch;
  const drop = (error) => batch.drop(error);
  const go = () => (socket[kState].openHandle === null ? drop(new ERR_SOCKET_DGRAM_NOT_RUNNING()) : lookUp(batch));
  enqueue(socket, pressure?.counted(size, go, drop, datagrams.length) ?? Object.assign(go, { drop }));
}

/** Each address is looked up once. What is known before has its answer on a tick of its own, as for send(). */
function lookUp(batch) {
  if (batch.toPeer) return leave(batch);
  const { socket, datagrams, pressure, size } = batch;
  pressure?.add(size, datagrams.length);
  const routes = Map.groupBy(batch.routes, ({ address }) => address);
  let missing = routes.size + 1;
  const found = () => {
    if (--missing !== 0) return;
    pressure?.remove(size, datagrams.length);
    leave(batch);
  };
  for (const [address, alike] of routes) {
    let isAnswered = false; // a program's own look-up may answer twice
    ask(socket, address, (answer) => {
      if (isAnswered) return;
      isAnswered = true;
      for (const route of alike) route.answer = answer;
      found();
    });
  }
  if (isExiting()) found();
  else process.nextTick(found);
}

/** A program's own look-up may throw, which is its answer. */
function ask(socket, address, answer) {
  const { openHandle: { lookup } } = socket[kState];
  const onAnswer = (error, ip) => answer(error ? { error } : { ip, error: blocked(socket, ip), wasFound: true });
  const known = foreseen(lookup, address);
  if (known !== undefined) return onAnswer(null, known);
  try {
    lookup(address, onAnswer);
  } catch (error) {
    onAnswer(error);
  }
}

/** All addresses are found. A socket that was closed meanwhile sends nothing. */
function leave(batch) {
  const { socket, datagrams, callback } = batch;
  const { udpHandle, openHandle } = socket[kState];
  if (openHandle === null) return batch.drop(new ERR_SOCKET_DGRAM_NOT_RUNNING());
  for (let index = 0; index < datagrams.length; index++) {
    const { list, route } = datagrams[index];
    const { error, ip } = route.answer;
    if (error === undefined) hand(udpHandle, batch, list, route, ip);
    else batch.refuse(error);
  }
  sendBatch.flush();
  if (callback) process.nextTick(complete, batch);
  else emitLookupErrors(batch);
}

function hand(handle, batch, list, route, ip) {
  const outcome = handle.add(batch, list, route, ip);
  if (outcome === undefined) return;
  sendBatch.flush();
  batch.outcome = outcome;
}

/** Without a callback, errors of look-ups are events. */
function emitLookupErrors({ socket, routes }) {
  const answers = new Set(routes.map(({ answer }) => answer));
  for (const { error, wasFound } of answers) if (error && !wasFound) process.nextTick(() => socket.emit('error', error));
}

/** The tick on which the callback is due. */
function complete(batch) {
  if (batch.waiting.length === 0) report(batch);
  else batch.resource = new AsyncResource('UDPSENDWRAP', { requireManualDestroy: true });
}

module.exports = { sendMany };
