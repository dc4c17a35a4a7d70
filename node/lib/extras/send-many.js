'use strict';
// socket.sendMany(): datagrams that are checked together, leave together and in order, and have one callback.

const process = require('node:process'); // the global is an accessor, which costs
const { AsyncResource } = require('node:async_hooks');
const { kState } = require('../runtime/index.js');
const { bindImplicitly, enqueue, healthCheck } = require('../dgram/state.js');
const { blocked } = require('../dgram/connect.js');
const { foreseen } = require('../dgram/lookup.js');
const gathering = require('../bridge/send-batch.js');
const { checkedOutgoing } = require('../dgram/send-options.js');
const { messageList, sizeOf, validatePort, validateString } = require('../common/validate.js');
const {
  ExceptionWithHostPort,
  ERR_INVALID_ARG_TYPE,
  ERR_SOCKET_DGRAM_IS_CONNECTED,
  ERR_SOCKET_DGRAM_NOT_RUNNING,
} = require('../common/errors.js');

const isObject = (value) => value !== null && typeof value === 'object';

/** Whether this is no message by itself but says more: `{ message, port, address, options }`. */
const saysMore = (value) => isObject(value) && !Array.isArray(value) && !ArrayBuffer.isView(value);

/** The datagrams of one call. As a request of the gathering it is told the outcome of each, in their order. */
class Batch {
  constructor(socket, { datagrams, ways }, toPeer, callback) {
    this.socket = socket;
    this.datagrams = datagrams;
    this.ways = ways;
    this.toPeer = toPeer;
    this.callback = callback;
    this.pressure = socket[kState].pressure;
    this.size = totalSize(datagrams);
    this.told = 0;
    this.sent = 0;
    this.error = null;
    this.failed = Infinity; // which one has the error
    this.waiting = [];
    this.resource = undefined;
  }

  /** What became of the next one. */
  set outcome(outcome) {
    const index = this.told++;
    if (outcome !== gathering.WAITS) return this.end(index, outcome);
    this.waiting.push(index);
    this.pressure?.add(this.datagrams[index].size);
  }

  /** What became of the next one of those that the kernel had no room for. */
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
    else this.fail(index, ({ way: { address, port } }) => new ExceptionWithHostPort(outcome, 'send', address, port));
  }

  /** The next one does not leave. */
  refuse(error) {
    gathering.flush();
    this.fail(this.told++, () => error);
  }

  /** Of several errors the first datagram's is told. */
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

/** The error of a program's own look-up may be anything. */
function mark(error, index) {
  try {
    error.index = index;
  } catch {} // it is told without
}

/** Where datagrams go and what they take along: mostly one for all of the call. The answer is that of the look-up. */
class Way {
  answer = {};

  constructor({ port, address, options }, toPeer) {
    if (address !== undefined && address !== null) validateString(address, 'address');
    if (toPeer && (port || address)) throw new ERR_SOCKET_DGRAM_IS_CONNECTED();
    this.port = toPeer ? undefined : validatePort(port, 'Port', false);
    this.address = address;
    this.options = options === undefined ? undefined : checkedOutgoing(options);
  }
}

/** The checked datagrams of a call, and their ways. */
function checked(messages, common, toPeer) {
  const [datagrams, ways] = [[], []];
  let usual;
  for (let index = 0; index < messages.length; index++) {
    let message = messages[index];
    let way;
    if (saysMore(message)) {
      way = new Way(wholly(message, common), toPeer);
      ways.push(way);
      ({ message } = message);
    } else {
      if (usual === undefined) ways.push(usual = new Way(common, toPeer));
      way = usual;
    }
    const list = messageList(message, index);
    datagrams.push({ list, size: sizeOf(list), way });
  }
  return { datagrams, ways };
}

/** What a datagram does not say of its way is as for the others. */
const wholly = ({ port, address, options }, common) =>
  ({ port: port ?? common.port, address: address ?? common.address, options: options ?? common.options });

function sendMany(messages, ...rest) {
  const callback = rest.find((value) => typeof value === 'function');
  const options = rest.find(isObject);
  const [port, address] = rest.filter((value) => typeof value !== 'function' && !isObject(value));
  if (!Array.isArray(messages)) throw new ERR_INVALID_ARG_TYPE('messages', 'an instance of Array', messages);
  const toPeer = this[kState].own.connected;
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
  const go = () => (socket[kState].running === null ? drop(new ERR_SOCKET_DGRAM_NOT_RUNNING()) : lookUp(batch));
  enqueue(socket, pressure?.counted(size, go, drop, datagrams.length) ?? Object.assign(go, { drop }));
}

/** Each address is looked up once. What is known before has its answer on a tick of its own, as for send(). */
function lookUp(batch) {
  if (batch.toPeer) return leave(batch);
  const { socket, datagrams, pressure, size } = batch;
  pressure?.add(size, datagrams.length);
  const ways = Map.groupBy(batch.ways, ({ address }) => address);
  let missing = ways.size + 1;
  const found = () => {
    if (--missing !== 0) return;
    pressure?.remove(size, datagrams.length);
    leave(batch);
  };
  for (const [address, alike] of ways) {
    let isAnswered = false; // a program's own look-up may answer twice
    ask(socket, address, (answer) => {
      if (isAnswered) return;
      isAnswered = true;
      for (const way of alike) way.answer = answer;
      found();
    });
  }
  process.nextTick(found);
}

/** A program's own look-up may throw, which is its answer. */
function ask(socket, address, answer) {
  const { running: { lookup } } = socket[kState];
  const told = (error, ip) => answer(error ? { error } : { ip, error: blocked(socket, ip), wasFound: true });
  const known = foreseen(lookup, address);
  if (known !== undefined) return told(null, known);
  try {
    lookup(address, told);
  } catch (error) {
    told(error);
  }
}

/** All addresses are found. A socket that was closed meanwhile sends nothing. */
function leave(batch) {
  const { socket, datagrams, callback } = batch;
  const { own, running } = socket[kState];
  if (running === null) return batch.drop(new ERR_SOCKET_DGRAM_NOT_RUNNING());
  for (let index = 0; index < datagrams.length; index++) {
    const { list, way } = datagrams[index];
    const { error, ip } = way.answer;
    if (error === undefined) hand(own, batch, list, way, ip);
    else batch.refuse(error);
  }
  gathering.flush();
  if (callback) process.nextTick(complete, batch);
  else tellFailedLookUps(batch);
}

function hand(handle, batch, list, way, ip) {
  const outcome = handle.add(batch, list, way, ip);
  if (outcome === undefined) return;
  gathering.flush();
  batch.outcome = outcome;
}

/** Nobody else hears of them. */
function tellFailedLookUps({ socket, ways }) {
  const answers = new Set(ways.map(({ answer }) => answer));
  for (const { error, wasFound } of answers) if (error && !wasFound) process.nextTick(() => socket.emit('error', error));
}

/** The tick on which the callback is due. */
function complete(batch) {
  if (batch.waiting.length === 0) report(batch);
  else batch.resource = new AsyncResource('UDPSENDWRAP', { requireManualDestroy: true });
}

module.exports = { sendMany };
