'use strict';
// The two ways between JavaScript and the native side, shared by all sockets of this thread: one call for each batch of
// received messages, one call for each turn's sends. The bytes lie in slabs that both sides see; tables of numbers say
// what is where. The native side of the same picture is node/src/receive.rs and node/src/send.rs.

const { constants } = require('node:os');
const native = require('./native.js');

/** What the native side takes from the kernel at once (`SLOTS` there): messages of 64 KiB, each with its sender's text. */
const MESSAGES = 16;
const RECEIVED_BYTES = MESSAGES * (65_536 + 64);

/** Sends leave when so many datagrams, or so many bytes, have been gathered; at the turn's end at the latest. */
const GATHERED = 64;
const GATHERED_BYTES = 65_536;

/** Larger than any datagram: what is longer still is cut to this, and the kernel refuses it all the same. */
const TOO_LONG = 65_536;

/** The columns of a row: `[offset, length, port, family, sender, text length]`, `[socket, offset, length, port, destination, outcome]`. */
const ROW = 6;

/** Where the table of sends has the number of its rows. */
const COUNT = GATHERED * ROW;

/** `deliver` is told to go on with the batch whose listener threw. */
const RESUME = -1;

/** The outcome of a send which the kernel had no room for; its token is where the offset was. */
const WAITS = -(2 ** 31);

/** The outcome of a send that was waiting when its socket was closed. */
const ECANCELED = -constants.errno.ECANCELED;

/** The destination of a send to the connected peer. */
const PEER = -1;

const received = Buffer.allocUnsafeSlow(RECEIVED_BYTES);
const receivedTable = new Int32Array(MESSAGES * ROW);
const sent = Buffer.allocUnsafeSlow(GATHERED_BYTES + TOO_LONG);
const sentTable = new Int32Array(COUNT + 1);

const receivers = new Map(); // by the number of the socket
const senders = []; // texts of addresses, by the numbers that the native side gives them
const waiting = new Map(); // requests whose datagrams wait for the kernel, by their tokens
const destinations = new Map(); // numbers of addresses, by their texts
const requests = new Array(GATHERED).fill(undefined);

let classes;
let environment;
let sendGathered;
let batch = { handle: undefined, next: 0, count: 0 };
let used = 0;
let flushIsDue = false;

function start() {
  classes = native.load();
  environment = new classes.Environment(deliver, settle, received, receivedTable, sent, sentTable);
  sendGathered = environment.flusher();
}

/** Makes the native half of a socket. The first call loads the addon. */
function open(type, sharing) {
  if (environment === undefined) start();
  return new classes.Handle(environment, type, sharing);
}

function senderOf(row) {
  const number = receivedTable[row + 4];
  const length = receivedTable[row + 5];
  if (length === 0) return senders[number];
  const start = receivedTable[row] + receivedTable[row + 1];
  return (senders[number] = received.latin1Slice(start, start + length));
}

/** One message's listeners, inside the socket's async scope. A negative length is the number of an error. */
function dispatch(handle, row) {
  const exposed = handle.exposed;
  const length = receivedTable[row + 1];
  if (length < 0) return exposed.onmessage(length, exposed, undefined, undefined);
  const offset = receivedTable[row];
  const message = Buffer.allocUnsafeSlow(length);
  message.set(received.subarray(offset, offset + length));
  const address = senderOf(row);
  const family = receivedTable[row + 3] === 4 ? 'IPv4' : 'IPv6';
  exposed.onmessage(length, exposed, message, { address, family, port: receivedTable[row + 2] });
}

/** Ticks and microtasks. What one throws must not leave by `deliver`, which does not know the tick's async scope. */
function runTicks() {
  try {
    process._tickCallback();
  } catch (error) {
    environment.raise(error);
  }
}

/**
 * Called by the native side with a batch. Between two messages ticks and microtasks run, as if each had come by itself;
 * after the last one the native side's callback runs them. What a listener throws goes up to the native side, which
 * makes it an uncaught exception and asks to go on.
 */
function deliver(number, count) {
  if (count !== RESUME) batch = { handle: receivers.get(number), next: 0, count };
  const { handle } = batch;
  while (batch.next < batch.count && handle?.receiving) {
    if (batch.next > 0) runTicks();
    if (!handle.receiving) break;
    const row = batch.next++ * ROW;
    handle.resource.runInAsyncScope(dispatch, undefined, handle, row);
  }
}

/** Called by the native side when a send that had to wait has left or failed. */
function settle(token, outcome) {
  const request = waiting.get(token);
  waiting.delete(token);
  request?.settle(outcome);
}

/** Tells sends that waited that they never left: their socket is closed. */
function cancel(tokens) {
  for (const token of tokens) settle(token, ECANCELED);
}

/** The number of an address in the table of sends, or a negative number of the system's. */
function destination(address) {
  const known = destinations.get(address);
  if (known !== undefined) return known;
  let number = environment.destination(address);
  if (number === -1) {
    flush(); // what is gathered means the addresses known so far
    environment.forgetDestinations();
    destinations.clear();
    number = environment.destination(address);
  }
  // The number of an interface behind a zone's name may change.
  if (number >= 0 && !address.includes('%')) destinations.set(address, number);
  return number;
}

/** Copies a datagram's parts behind what is gathered; the datagram's size. Memory that has been taken away has no bytes. */
function copy(list) {
  const start = used;
  for (let index = 0; index < list.length; index++) {
    const view = list[index];
    const room = Math.min(view.byteLength, start + TOO_LONG - used);
    if (room <= 0) continue;
    sent.set(room === view.length ? view : new Uint8Array(view.buffer, view.byteOffset, room), used);
    used += room;
  }
  return used - start;
}

function sizeOf(list) {
  let size = 0;
  for (let index = 0; index < list.length; index++) size += list[index].byteLength;
  return size;
}

/** Gathers a datagram; a flush must follow in this turn. */
function gather(number, list, to, port, request) {
  if (sentTable[COUNT] === GATHERED || used + sizeOf(list) > GATHERED_BYTES) flush();
  const index = sentTable[COUNT];
  const row = index * ROW;
  sentTable[row] = number;
  sentTable[row + 1] = used;
  sentTable[row + 2] = copy(list);
  sentTable[row + 3] = port;
  sentTable[row + 4] = to;
  requests[index] = request;
  sentTable[COUNT] = index + 1;
}

/** Flushes when the ticks that are due by now have run. */
function flushSoon() {
  if (flushIsDue) return;
  flushIsDue = true;
  process.nextTick(endTurn);
}

function endTurn() {
  flushIsDue = false;
  flush();
}

/** Lets everything leave that is gathered, and tells the requests their outcomes. */
function flush() {
  const count = sentTable[COUNT];
  if (count === 0) return;
  used = 0;
  sendGathered();
  for (let index = 0; index < count; index++) {
    const row = index * ROW;
    const outcome = sentTable[row + 5];
    if (outcome === WAITS) waiting.set(sentTable[row + 1], requests[index]);
    requests[index].outcome = outcome;
    requests[index] = undefined;
  }
}

/** Lets a datagram wait for the loop, whether or not the kernel has room; 0, or a negative number of the system's. */
function enqueue(handle, list, address, port, request) {
  const bytes = Buffer.concat(list.map((view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)));
  const token = handle.enqueue(bytes, address === undefined ? undefined : String(address), port);
  if (token < 0) return token;
  waiting.set(token, request);
  return 0;
}

module.exports = { PEER, WAITS, cancel, destination, enqueue, flush, flushSoon, gather, open, receivers };
