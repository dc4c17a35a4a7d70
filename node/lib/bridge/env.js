'use strict';
// Where received messages come from, for all sockets of this thread: one call for each batch. The bytes lie in a slab that
// both sides see, or in a page that is handed out; a table of numbers says what is where. The native side of the same
// picture is node/src/receive/rows.rs; the way out is send-batch.js.

const { setImmediate, setTimeout } = require('node:timers'); // Deno's own give numbers
const gather = require('./send-batch.js');
const { asyncContext, atExit, entersByTick, fromLoop, kOwner, name: hostName, runTicks: runHostTicks } = require('../runtime/index.js');
const native = require('./binding.js');

/** One turn's messages of one socket (`PER_TURN` there), or as many of them as there is room for: two of any size; and extras. */
const MESSAGES = 64;
const RECEIVED_BYTES = 2 * 65_536 + 8_192;

/** The columns of a row: `[offset, length, port, family, sender, extras' offset, text length]`. */
const ROW = 7;

/** Bits of the column of the family, 4 or 6: that it is 6, and that what the kernel told follows. */
const IPV6 = 2;
const TOLD = 8;

/** Where the table has the number of messages that have been delivered. */
const DELIVERED = MESSAGES * ROW;

/** `deliver` is told to go on with the batch whose listener threw. */
const RESUME = -1;

/** `deliver` is told that there may be something in the socket's queue of errors. */
const NOTICES = -2;

/** What Buffer makes its own instances with: over the bytes of another array, it is a copy in memory of exactly that size. */
const OwnBuffer = Buffer[Symbol.species];

const received = Buffer.allocUnsafeSlow(RECEIVED_BYTES);
const receivedTable = new Int32Array(DELIVERED + 1);
const views = new Array(MESSAGES).fill(received.subarray(0, 0));

const receivers = []; // by the number of the socket
const locals = new Map(); // the local sockets that wait for something, by their own numbers
const senders = []; // texts of addresses, by the numbers that the native side gives them

let arrival; // loaded for the first socket that wants to be told more
let classes;
let environment;
let receiver;
let count = 0;
let whole = false; // whether the batch goes to its listeners as one
let page; // where the bytes of the batch lie, if its messages share memory

function start() {
  classes = native.load();
  const callbacks = { deliver: fromLoop(deliver), settle: fromLoop(gather.settle), ready: fromLoop(ready), turnOver, flush: gather.endStretch };
  const memory = { received, receivedTable, sent: gather.bytes, sentTable: gather.table };
  environment = new classes.Environment({ ...callbacks, ...memory }, hostName);
  exports.calls = environment.calls();
  gather.start(environment, exports.calls.flush);
  atExit?.(gather.flush);
}

/**
 * Called by the native side where it has no loop of its own to turn, so that a flood leaves time for the others there. Sockets
 * that the program does not go on for must not keep it: then it is a timer, since Deno forgets an immediate without a reference.
 */
function turnOver(isNeeded) {
  if (isNeeded) setImmediate(exports.calls.turned);
  else setTimeout(exports.calls.turned, 0).unref();
}

/** The flags of `open`, as node/src/exports/fast_calls.rs has them. */
const FLAG = { reuseAddr: 1, reusePort: 2, ipv6Only: 4, noOffload: 8, pooledBuffers: 16 };

/**
 * Makes the native half of a socket, whose datagrams may wait for each other for so many microseconds: its number, which `calls`
 * take. The first call loads the addon.
 */
function open(type, flags, receiveCoalescing = 0) {
  if (environment === undefined) start();
  const number = exports.calls.open(type === 'udp4' ? 4 : 6, flags, receiveCoalescing);
  receivers[number] = undefined; // the numbers follow each other, so that the array has no holes
  return number;
}

/** Makes the native half of a local socket; undefined where there are none. */
function openLocal(replaceStale, unlink) {
  if (environment === undefined) start();
  return classes.LocalHandle && new classes.LocalHandle(environment, replaceStale, unlink);
}

/** Called by the native side: a local socket can be read (1), written (2), or both. */
function ready(number, what) {
  locals.get(number)?.ready(what);
}

/** The object that does for the socket of this number what is no mere call; a closed one's, if there is none. */
const half = (number) => new classes.Handle(environment, number);

/** The tokens of the sends that will never leave, because their sockets have been closed. */
const lost = () => environment.lost();

function senderOf(row) {
  const number = receivedTable[row + 4];
  const length = receivedTable[row + 6];
  if (length === 0) return senders[number];
  const start = receivedTable[row + 5];
  return (senders[number] = received.latin1Slice(start, start + length));
}

/** The bytes of a message. Messages of one size lie where those of the last batch lay, so that most views serve again. */
function viewOf(index, offset, length) {
  const view = views[index];
  if (view.byteOffset === offset && view.length === length) return view;
  return (views[index] = received.subarray(offset, offset + length));
}

/** One message's listeners, inside the socket's async scope. A negative length is the number of an error. */
function dispatch(handle, index) {
  const row = index * ROW;
  const exposed = handle.exposed;
  const length = receivedTable[row + 1];
  if (length < 0) return exposed.onmessage(length, exposed, undefined, undefined);
  if (page?.byteLength === 0) return; // a program has taken the page away, and this message with it
  exposed.onmessage(length, exposed, messageOf(index), rinfoOf(row));
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
  if (receivedTable[row + 3] & TOLD) addArrival(rinfo, receivedTable[row + 5] + receivedTable[row + 6]);
  return rinfo;
}

function addArrival(rinfo, at) {
  arrival ??= require('./recv-metadata.js');
  arrival.addArrival(rinfo, received, at);
}

/** Ticks and microtasks. What one throws must not leave by `deliver`, which does not know the tick's async scope. */
function runTicks() {
  try {
    runHostTicks();
  } catch (error) {
    environment.raise(error);
  }
}

/** A new batch. */
function take(number, messages, shared) {
  receiver = receivers[number];
  count = messages;
  page = shared?.buffer;
  whole = receiver !== undefined && messages > 0 && receivedTable[1] >= 0 && hearsWhole(receiver);
}

/** Whether a socket's messages go to its listeners batch by batch; the native side is told when that changes. */
function hearsWhole(handle) {
  const hears = handle[kOwner].listenerCount('messages') > 0;
  if (hears !== handle.hearsWhole) {
    exports.calls.batches(handle.number, hears ? 1 : 0);
    handle.hearsWhole = hears;
  }
  return hears;
}

const inScope = (handle, index) => handle.resource.runInAsyncScope(dispatch, undefined, handle, index);

/** Message by message, as far as the socket receives. Behind a listener that threw no ticks run, as in Node. */
function deliverOnes(handle, enter) {
  const first = receivedTable[DELIVERED];
  for (let index = first; index < count && handle.receiving; index++) {
    if (index > first) runTicks();
    if (!handle.receiving) break;
    receivedTable[DELIVERED] = index + 1;
    enter(handle, index);
  }
}

/** Where it is dear to enter the scope, a batch does so once, and each message enters only what AsyncLocalStorage has. */
function deliverInContext(handle) {
  const context = asyncContext.get();
  deliverOnes(handle, (_, index) => {
    asyncContext.set(context);
    dispatch(handle, index);
  });
}

let due; // the message whose tick is next

const dispatchDue = () => dispatch(receiver, due++);

const askForTick = () => process.nextTick(dispatchDue);

/** In Bun each message is a tick, since ticks come before microtasks only behind a tick. It has the scope that it was asked for in. */
function deliverTicks(handle) {
  due = receivedTable[DELIVERED];
  deliverOnes(handle, askForTick);
}

const inOneScope = (deliver) => (handle) => handle.resource.runInAsyncScope(deliver, undefined, handle);

function wayOfDelivery() {
  if (asyncContext !== undefined) return inOneScope(deliverInContext);
  return entersByTick ? inOneScope(deliverTicks) : (handle) => deliverOnes(handle, inScope);
}

const deliverEach = wayOfDelivery();

const allInScope = inOneScope(dispatchAll);

const enterAll = entersByTick ? (handle) => process.nextTick(allInScope, handle) : allInScope;

/**
 * Called by the native side with a batch. Between two messages ticks and microtasks run, as if each had come by itself;
 * after the last one the native side's callback runs them. What a listener throws goes up to the native side, which
 * makes it an uncaught exception and asks to go on. What is not delivered, because the socket stops receiving, stays there.
 */
function deliver(number, what, shared) {
  if (what === NOTICES) return tellNotices(receivers[number]);
  if (what !== RESUME) take(number, what, shared);
  const handle = receiver;
  if (whole && handle?.receiving && receivedTable[DELIVERED] < count) {
    receivedTable[DELIVERED] = count;
    enterAll(handle);
  }
  if (handle?.receiving && receivedTable[DELIVERED] < count) deliverEach(handle);
  return undefined;
}

/** What became of datagrams that were sent earlier. */
function tellNotices(handle) {
  const notices = handle?.native.takeErrorQueue() ?? [];
  for (const notice of notices) {
    try {
      if (handle.started) handle.resource.runInAsyncScope(() => handle[kOwner].emit(notice.id === undefined ? 'queuedError' : 'transmitTimestamp', notice));
    } catch (error) {
      environment.raise(error);
    }
    runTicks();
  }
}

Object.assign(exports, { FLAG, half, locals, lost, open, openLocal, receivers });
