'use strict';
// Delivers received messages to the sockets of this thread: the addon calls once for each batch. The bytes are in a buffer
// shared with the addon, or in a page that the messages keep; a table of numbers has a row for each message. The addon's
// side is node/src/receive/rows.rs; send-batch.js sends.

const { setImmediate, setTimeout } = require('node:timers'); // Deno's own give numbers
const sendBatch = require('./send-batch.js');
const { asyncContext, atExit, entersByTick, fromLoop, kOwner, name: hostName, runTicks: runHostTicks } = require('../runtime/index.js');
const native = require('./binding.js');
const process = require('../runtime/process.js');

/** Messages of one batch, and the bytes of the shared buffer: two messages of any size, and their metadata. */
const MESSAGES = 64;
const RECEIVED_BYTES = 2 * 65_536 + 8_192;

/** Columns of a row: `[offset, length, port, family and flags, sender, metadata's offset, length of the sender's address]`. */
const ROW = 7;

/** Bits of the family's column: it is 6 and not 4; metadata follows. */
const IPV6 = 2;
const HAS_METADATA = 8;

/** Index of the number of delivered messages in the table. */
const DELIVERED = MESSAGES * ROW;

/** `deliver`: go on with the batch whose listener threw. */
const RESUME = -1;

/** `deliver`: the socket's error queue may have entries. */
const ERROR_QUEUE = -2;

/** Buffer's own class: constructed with a view, it copies the bytes into memory of exactly that size. */
const OwnBuffer = Buffer[Symbol.species];

const received = Buffer.allocUnsafeSlow(RECEIVED_BYTES);
const receivedTable = new Int32Array(DELIVERED + 1);
const views = new Array(MESSAGES).fill(received.subarray(0, 0));

const receivers = []; // by the number of the socket
const unixHandles = new Map(); // those that wait for something, by their own numbers
const senders = []; // addresses, by the numbers that the addon gives them

let recvMetadata; // loaded for the first message that has some
let classes;
let environment;
let receiver;
let count = 0;
let isWhole = false; // whether the batch is one 'messages' event
let page; // the ArrayBuffer of the batch's bytes, if its messages share memory

function start() {
  classes = native.load();
  const callbacks = { deliver: fromLoop(deliver), settle: fromLoop(sendBatch.settle), ready: fromLoop(ready), turnOver, flush: sendBatch.endEpoch };
  const memory = { received, receivedTable, sent: sendBatch.bytes, sentTable: sendBatch.table };
  environment = new classes.Environment({ ...callbacks, ...memory }, hostName);
  exports.calls = environment.calls();
  sendBatch.start(environment, exports.calls.flush);
  atExit?.(sendBatch.flush);
}

/**
 * Called by the addon in Deno and Bun, to be called back when the loop has turned. `isNeeded`: a referenced socket waits.
 * Otherwise a timer without a reference is used: Deno drops an immediate without one.
 */
function turnOver(isNeeded) {
  if (isNeeded) setImmediate(exports.calls.turned);
  else setTimeout(exports.calls.turned, 0).unref();
}

/** Flags of `open`, as node/src/exports/fast_calls.rs has them. */
const FLAG = { reuseAddr: 1, reusePort: 2, ipv6Only: 4, noOffload: 8, pooledBuffers: 16 };

/**
 * Opens a native socket and returns its number, which `calls` take. `receiveCoalescing` is in microseconds. The first call
 * loads the addon.
 */
function open(type, flags, receiveCoalescing = 0) {
  if (environment === undefined) start();
  const number = exports.calls.open(type === 'udp4' ? 4 : 6, flags, receiveCoalescing);
  receivers[number] = undefined; // the numbers follow each other, so that the array has no holes
  return number;
}

/** Opens a native Unix datagram socket; undefined where the system has none. */
function openUnixDatagram(replaceStale, unlink) {
  if (environment === undefined) start();
  return classes.LocalHandle && new classes.LocalHandle(environment, replaceStale, unlink);
}

/** Called by the addon: a Unix datagram socket is readable (1), writable (2) or both. */
function ready(number, what) {
  unixHandles.get(number)?.ready(what);
}

/** The addon's object for the socket of this number; that of a closed socket, if there is none. */
const nativeHandleOf = (number) => new classes.Handle(environment, number);

/** The tokens of queued sends whose sockets were closed. */
const lost = () => environment.lost();

function senderOf(row) {
  const number = receivedTable[row + 4];
  const length = receivedTable[row + 6];
  if (length === 0) return senders[number];
  const start = receivedTable[row + 5];
  return (senders[number] = received.latin1Slice(start, start + length));
}

/** The bytes of a message. Messages of one size have the offsets of the last batch, so that most views are reused. */
function viewOf(index, offset, length) {
  const view = views[index];
  if (view.byteOffset === offset && view.length === length) return view;
  return (views[index] = received.subarray(offset, offset + length));
}

/** One message's listeners, inside the socket's async scope. A negative length is the number of an error. */
function dispatch(handle, index) {
  const row = index * ROW;
  const publicHandle = handle.publicHandle;
  const length = receivedTable[row + 1];
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
    rinfos.push(rinfoOf(index * ROW));
  }
  handle.onmessages(handle, messages, rinfos);
}

function messageOf(index) {
  const offset = receivedTable[index * ROW];
  const length = receivedTable[index * ROW + 1];
  return page === undefined ? new OwnBuffer(viewOf(index, offset, length)) : new OwnBuffer(page, offset, length);
}

function rinfoOf(row) {
  const family = receivedTable[row + 3] & IPV6 ? 'IPv6' : 'IPv4';
  const rinfo = { address: senderOf(row), family, port: receivedTable[row + 2], size: receivedTable[row + 1] };
  if (receivedTable[row + 3] & HAS_METADATA) addRecvMetadata(rinfo, receivedTable[row + 5] + receivedTable[row + 6]);
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
    environment.raise(error);
  }
}

/** Begins a new batch. */
function take(number, messages, shared) {
  receiver = receivers[number];
  count = messages;
  page = shared?.buffer;
  isWhole = receiver !== undefined && messages > 0 && receivedTable[1] >= 0 && takesBatches(receiver);
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
    if (index > first) runTicks();
    if (!handle.receiving) break;
    receivedTable[DELIVERED] = index + 1;
    enter(handle, index);
  }
}

/** Deno: entering an async scope is expensive. A batch does so once; each message enters only AsyncLocalStorage's context. */
function deliverInContext(handle) {
  const context = asyncContext.get();
  deliverOneByOne(handle, (_, index) => {
    asyncContext.set(context);
    dispatch(handle, index);
  });
}

let due; // the message whose tick is next

const dispatchDue = () => dispatch(receiver, due++);

const askForTick = () => process.nextTick(dispatchDue);

/** Bun: each message is a tick, in the scope that asked for it, because ticks run before microtasks only after a tick. */
function deliverTicks(handle) {
  due = receivedTable[DELIVERED];
  deliverOneByOne(handle, askForTick);
}

const inOneScope = (deliver) => (handle) => handle.resource.runInAsyncScope(deliver, undefined, handle);

function deliveryFor() {
  if (asyncContext !== undefined) return inOneScope(deliverInContext);
  return entersByTick ? inOneScope(deliverTicks) : (handle) => deliverOneByOne(handle, inScope);
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

Object.assign(exports, { FLAG, nativeHandleOf, unixHandles, lost, open, openUnixDatagram, receivers });
