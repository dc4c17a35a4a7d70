'use strict';
// Delivers received messages to the sockets of this thread: the addon calls once for each batch. The bytes are in a buffer
// shared with the addon, or in a page that the messages keep; a table of numbers has a row for each message. The addon's
// side is node/src/receive/rows.rs; send-batch.js sends.

const { setImmediate, setTimeout } = require('node:timers'); // Deno's own give numbers
const layout = require('./layout.js');
const heldAnswers = require('./held-answers.js');
const sendBatch = require('./send-batch.js');
const { asyncContext, entersByTick, fromLoop, kOwner, name: hostName, runTicks: runHostTicks } = require('../runtime/index.js');
const native = require('./binding.js');
const { beforeEnd } = require('../runtime/process-end.js');
const process = require('../runtime/process.js');
const { COLUMNS, OFFSET, LENGTH, PORT, FLAGS, ADDRESS, SCOPE, METADATA, SENDER } = layout.RECV_ROW;
const { IPV6, METADATA: HAS_METADATA } = layout.RECV_FLAG;
const { ROWS, DELIVERED, TEXT, BYTES } = layout.RECV_MEMORY;
const { RESUME, ERROR_QUEUE } = layout.DELIVER;

/** Buffer's own class: constructed with a view, it copies the bytes into memory of exactly that size. */
const OwnBuffer = Buffer[Symbol.species];

/** The memory of received batches: the table, and the bytes. */
const receivedMemory = new ArrayBuffer(BYTES);
const receivedTable = new Int32Array(receivedMemory, 0, DELIVERED + 1);
const received = Buffer.from(receivedMemory);
received.latin1Slice = Buffer.prototype.latin1Slice; // a program that replaces the prototype's would get the memory
const views = new Array(ROWS).fill(new Uint8Array(receivedMemory, 0, 0));

/** How many senders' addresses are kept as text, and how far a hash of 32 bits is shifted to choose one of the places. */
const SENDERS = 1_024;
const SENDER_SHIFT = 22;

const receivers = []; // by the number of the socket
const unixHandles = new Map(); // those that wait for something, by their own numbers
const senders = new Array(SENDERS).fill(undefined); // addresses as numbers and as text, by a hash of the numbers

let recvMetadata; // loaded for the first message that has some
let classes;
let environment;
let receiver;
let count = 0;
let isWhole = false; // whether the batch is one 'messages' event
let page; // the ArrayBuffer of the batch's bytes, if its messages share memory
let senderRow = -1; // the row of the batch whose sender was looked up last; -1 for none
let sender; // its text

function start() {
  classes = native.load();
  const callbacks = { deliver: fromLoop(deliver), settle: fromLoop(sendBatch.settle), ready: fromLoop(ready), turnOver, flush: sendBatch.endEpoch };
  const parts = { ...callbacks, received: receivedMemory, sent: sendBatch.memory };
  environment = Object.assign(new classes.ThreadSockets(parts, hostName), { parts }); // the addon keeps them while a socket is open
  exports.calls = environment.fastCalls();
  exports.permitsOffload = environment.permitsOffload();
  sendBatch.start(environment, exports.calls.flush);
  beforeEnd(sendBatch.flushForEnd);
}

/**
 * Called by the addon in Deno and Bun, to be called back when the loop has turned. `isNeeded`: a referenced socket waits.
 * Otherwise a timer without a reference is used: Deno drops an immediate without one.
 */
function turnOver(isNeeded) {
  if (isNeeded) setImmediate(exports.calls.turned);
  else setTimeout(exports.calls.turned, 0).unref();
}

/**
 * Opens a native socket and returns its number, which `calls` take. `receiveCoalescing` is in microseconds; `beforeBind`, if any, has
 * options that are set before its bind. The first call loads the addon.
 */
function open(type, flags, receiveCoalescing = 0, beforeBind = undefined) {
  if (environment === undefined) start();
  const family = type === 'udp4' ? 4 : 6;
  const number = beforeBind === undefined
    ? exports.calls.open(family, flags, receiveCoalescing)
    : environment.openWith(family, flags, receiveCoalescing, beforeBind);
  receivers[number] = undefined; // the numbers follow each other, so that the array has no holes
  return number;
}

/** Opens a native Unix datagram socket; undefined where the system has none. */
function openUnixDatagram(replaceStale, unlink) {
  if (environment === undefined) start();
  return classes.UnixDatagramHandle && new classes.UnixDatagramHandle(environment, replaceStale, unlink);
}

/** Called by the addon: what a Unix datagram socket is ready for, or a negative errno if it cannot be watched any more. */
function ready(number, what) {
  unixHandles.get(number)?.ready(what);
}

/** The addon's object for the socket of this number; that of a closed socket, if there is none. */
const nativeHandleOf = (number) => new classes.Handle(environment, number);

/** The tokens of queued sends whose sockets were closed. */
const lost = () => environment.takeLost();

/** The text of a row's sender, which most rows of a batch share. */
function senderOf(row) {
  const of = receivedTable[row + SENDER];
  if (of !== senderRow) takeSender(of);
  return sender;
}

function takeSender(of) {
  sender = knownAddress(of * COLUMNS);
  senderRow = of;
}

/** The text of a row's address, which is kept. That of a link-local one has the interface's name, which may change. */
function knownAddress(row) {
  if (receivedTable[row + SCOPE] !== 0) return addressText(row);
  const a = receivedTable[row + ADDRESS];
  const b = receivedTable[row + ADDRESS + 1];
  const c = receivedTable[row + ADDRESS + 2];
  const d = receivedTable[row + ADDRESS + 3];
  const isIPv6 = receivedTable[row + FLAGS] & IPV6;
  const place = Math.imul(a ^ b ^ c ^ d, 0x9e37_79b1) >>> SENDER_SHIFT;
  const known = senders[place];
  if (known?.d === d && known.c === c && known.b === b && known.a === a && known.isIPv6 === isIPv6) return known.text;
  const text = addressText(row);
  senders[place] = { a, b, c, d, isIPv6, text };
  return text;
}

/** The text of a row's address, which the addon writes. */
function addressText(row) {
  const length = exports.calls.address(row / COLUMNS);
  return received.latin1Slice(TEXT, TEXT + length);
}

/** The bytes of a message. Messages of one size have the offsets of the last batch, so that most views are reused. */
function viewOf(index, offset, length) {
  const view = views[index];
  if (view.byteOffset === offset && view.length === length) return view;
  return (views[index] = new Uint8Array(receivedMemory, offset, length));
}

/** One message's listeners, inside the socket's async scope. A negative length is the number of an error. */
function dispatch(handle, index) {
  const row = index * COLUMNS;
  const publicHandle = handle.publicHandle;
  const length = receivedTable[row + LENGTH];
  if (length < 0) return publicHandle.onmessage(length, publicHandle, undefined, undefined);
  if (page?.byteLength === 0) return; // a program has detached the page, and this message is lost
  publicHandle.onmessage(length, publicHandle, messageOf(index), rinfoOf(row));
}

/** The listeners of a whole batch. */
function dispatchAll(handle) {
  if (page?.byteLength === 0) return;
  const messages = [];
  const rinfos = [];
  for (let index = 0; index < count; index++) {
    messages.push(messageOf(index));
    rinfos.push(rinfoOf(index * COLUMNS));
  }
  handle.onmessages(handle, messages, rinfos);
}

function messageOf(index) {
  const offset = receivedTable[index * COLUMNS + OFFSET];
  const length = receivedTable[index * COLUMNS + LENGTH];
  return page === undefined ? new OwnBuffer(viewOf(index, offset, length)) : new OwnBuffer(page, offset, length);
}

function rinfoOf(row) {
  const flags = receivedTable[row + FLAGS];
  const family = flags & IPV6 ? 'IPv6' : 'IPv4';
  const rinfo = { address: senderOf(row), family, port: receivedTable[row + PORT], size: receivedTable[row + LENGTH] };
  if (flags & HAS_METADATA) addRecvMetadata(rinfo, receivedTable[row + METADATA]);
  return rinfo;
}

function addRecvMetadata(rinfo, at) {
  recvMetadata ??= require('./recv-metadata.js');
  recvMetadata.addRecvMetadata(rinfo, received, at);
}

/** Runs ticks and microtasks. An exception is reported here, since `deliver` does not know the tick's async scope. */
function runTicks() {
  try {
    runHostTicks();
  } catch (error) {
    sendBatch.flush();
    environment.raise(error);
  }
}

/** Runs the ticks and microtasks between two listeners of a delivery, whose answers leave together. */
function runTicksBetween(handle) {
  sendBatch.hold(!handle.isSlow);
  runTicks();
  sendBatch.hold(false);
  heldAnswers.limit(handle);
}

/** Begins a new batch. */
function take(number, messages, shared) {
  receiver = receivers[number];
  count = messages;
  page = shared;
  senderRow = -1;
  isWhole = receiver !== undefined && messages > 0 && receivedTable[LENGTH] >= 0 && takesBatches(receiver);
}

/** Whether the socket has listeners of 'messages'; the addon is notified when that changes. */
function takesBatches(handle) {
  const takes = handle[kOwner].listenerCount('messages') > 0;
  if (takes !== handle.takesBatches) {
    exports.calls.batches(handle.number, takes ? 1 : 0);
    handle.takesBatches = takes;
  }
  return takes;
}

const inScope = (handle, index) => handle.resource.runInAsyncScope(dispatch, undefined, handle, index);

/** Delivers message by message while the socket receives. No ticks run after a listener that threw, as in Node. */
function deliverOneByOne(handle, enter) {
  const first = receivedTable[DELIVERED];
  for (let index = first; index < count && handle.receiving; index++) {
    if (index > first) runTicksBetween(handle);
    if (!handle.receiving) break;
    receivedTable[DELIVERED] = index + 1;
    enter(handle, index);
  }
}

/** An exception is reported after what was sent before it has left. */
function flushIfThrown(act, handle, how) {
  let hasReturned = false;
  try {
    act(handle, how);
    hasReturned = true;
  } finally {
    if (!hasReturned) sendBatch.flush();
  }
}

/**
 * Delivers a batch, whose answers leave together: with the answer to the last message, or once ticks and microtasks have run
 * after it, which the addon sees.
 */
function deliverTogether(handle, enter) {
  if (count - receivedTable[DELIVERED] === 1) return deliverOneByOne(handle, enter);
  heldAnswers.begin(handle);
  flushIfThrown(deliverOneByOne, handle, enter);
  heldAnswers.end(handle);
  return sendBatch.beginEpoch();
}

/** Deno: entering an async scope is expensive. A batch does so once; each message enters only AsyncLocalStorage's context. */
function deliverInContext(handle) {
  const context = asyncContext.get();
  deliverTogether(handle, (_, index) => {
    asyncContext.set(context);
    dispatch(handle, index);
  });
}

let due; // the message whose tick is next

const dispatchDue = () => flushIfThrown(dispatch, receiver, due++);

const askForTick = () => process.nextTick(dispatchDue);

/** Bun: each message is a tick, in the scope that asked for it, because ticks run before microtasks only after a tick. */
function deliverTicks(handle) {
  due = receivedTable[DELIVERED];
  deliverTogether(handle, askForTick);
}

const inOneScope = (deliver) => (handle) => handle.resource.runInAsyncScope(deliver, undefined, handle);

function deliveryFor() {
  if (asyncContext !== undefined) return inOneScope(deliverInContext);
  return entersByTick ? inOneScope(deliverTicks) : (handle) => deliverTogether(handle, inScope);
}

const deliverEach = deliveryFor();

const allInScope = inOneScope(dispatchAll);

const enterAll = entersByTick ? (handle) => process.nextTick(allInScope, handle) : allInScope;

/**
 * Called by the addon with a batch. Between two messages ticks and microtasks run, as if each had its own callback of the
 * loop; after the last one the addon's callback runs them. What a listener throws is thrown to the addon, which reports it
 * as an uncaught exception and calls again. Messages that a socket which stops receiving has not taken stay in the addon.
 */
function deliver(number, what, shared) {
  if (what === ERROR_QUEUE) return emitErrorQueue(receivers[number]);
  if (what !== RESUME) take(number, what, shared);
  const handle = receiver;
  if (isWhole && handle?.receiving && receivedTable[DELIVERED] < count) {
    receivedTable[DELIVERED] = count;
    enterAll(handle);
  }
  if (handle?.receiving && receivedTable[DELIVERED] < count) deliverEach(handle);
  return undefined;
}

/** Emits the entries of the socket's error queue. */
function emitErrorQueue(handle) {
  const entries = handle?.native.takeErrorQueue() ?? [];
  for (const entry of entries) {
    try {
      if (handle.started) handle.resource.runInAsyncScope(() => handle[kOwner].emit(entry.id === undefined ? 'queuedError' : 'transmitTimestamp', entry));
    } catch (error) {
      environment.raise(error);
    }
    runTicks();
  }
}

Object.assign(exports, { nativeHandleOf, unixHandles, lost, open, openUnixDatagram, receivers });
