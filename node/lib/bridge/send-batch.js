'use strict';
// Batches the sends of all sockets of this thread: one native call sends those of a turn. The bytes are in a buffer shared
// with the addon; a table of numbers has a row for each datagram. The addon's side is node/src/send.rs; env.js receives.

const process = require('../runtime/process.js');
const { constants } = require('node:os');
const { byteLengthOf, bytesOf, lengthOfBytes, sizeOf } = require('../common/validate.js');
const { isExiting } = require('../runtime/process-end.js');
const layout = require('./layout.js');
const { COLUMNS, SOCKET, OFFSET, LENGTH, PORT, DESTINATION, OPTIONS, OUTCOME } = layout.SEND_ROW;
const { ROWS, COUNT, PAYLOAD, BATCH_BYTES, TOO_LONG, BYTES } = layout.SEND_MEMORY;
const { NO_ROOM, PEER, WAITS } = layout.SEND;

/** The outcome of a send that was queued when its socket was closed. */
const ECANCELED = -constants.errno.ECANCELED;

/** The memory of batched sends: the table, and the bytes. */
const memory = new ArrayBuffer(BYTES);
const table = new Int32Array(memory, 0, COUNT + 1);
const bytes = new Uint8Array(memory, PAYLOAD);
bytes.set = Uint8Array.prototype.set; // a program that replaces the prototype's would get the memory

const queued = new Map(); // requests whose datagrams are in the addon's queue, by their tokens
const destinations = new Map(); // numbers in the addon's table, by address
const requests = new Array(ROWS).fill(undefined);
const options = []; // of the batch's datagrams; a row has the index plus one

let environment;
let sendRows;
let lastAddress; // most sends go where the last one went
let lastNumber = 0;
let used = 0;
let flushIsDue = false;
let flushIsUrgent = false; // a callback waits for it, or a socket that holds nothing
let isHolding = false;
let epoch = 0;

/** Connects to the addon's environment of this thread. */
function start(native, flushNative) {
  environment = native;
  sendRows = flushNative;
}

/** Called by the addon when a queued send has left or failed. */
function settle(token, outcome) {
  const request = queued.get(token);
  queued.delete(token);
  request?.settle(outcome);
}

/** Settles queued sends whose socket was closed. */
function cancel(tokens) {
  for (const token of tokens) settle(token, ECANCELED);
}

/** The number of an address in the addon's table, or a negative errno. */
function destination(address) {
  if (address === lastAddress) return lastNumber;
  const known = destinations.get(address);
  if (known === undefined) return newDestination(`${address}`);
  lastAddress = address;
  lastNumber = known;
  return known;
}

function newDestination(address) {
  let number = environment.destination(address);
  if (number === NO_ROOM) {
    flush(); // the batch's rows have numbers of the old table
    environment.forgetDestinations();
    destinations.clear();
    lastAddress = undefined;
    number = environment.destination(address);
  }
  // The interface index of a zone's name may change.
  if (number >= 0 && !address.includes('%')) destinations.set(address, number);
  return number;
}

/** Copies a datagram's parts behind the batch's bytes; the datagram's size. */
function copy(list) {
  const start = used;
  for (let index = 0; index < list.length; index++) used += copyPart(list[index], start + TOO_LONG - used);
  return used - start;
}

/** Copies at most so many bytes of a view, and returns how many it has copied. A detached view has none. */
function copyPart(view, most) {
  const length = lengthOfBytes(view);
  if (length > 0 && length <= most) {
    bytes.set(view, used);
    return length;
  }
  const part = bytesOf(view, most);
  const size = byteLengthOf(part);
  if (size > 0) bytes.set(part, used);
  return size;
}

/** Most datagrams are added where any would have room. */
const hasRoomFor = (list) => used + TOO_LONG <= BATCH_BYTES || used + sizeOf(list) <= BATCH_BYTES;

/** Adds a datagram to the batch, which must be flushed in this turn (at once if it has options). The flush sets `request.outcome`. */
function add(number, list, to, port, request, outgoing) {
  if (table[COUNT] === ROWS || !hasRoomFor(list)) flush();
  const index = table[COUNT];
  const row = index * COLUMNS;
  table[row + SOCKET] = number;
  table[row + OFFSET] = used;
  table[row + LENGTH] = copy(list);
  table[row + PORT] = port;
  table[row + DESTINATION] = to;
  table[row + OPTIONS] = outgoing === undefined ? 0 : indexOf(outgoing);
  if (request !== undefined) requests[index] = request;
  table[COUNT] = index + 1;
}

/** Datagrams in succession mostly share their options. */
function indexOf(outgoing) {
  if (options.at(-1) !== outgoing) options.push(outgoing);
  return options.length;
}

/** Flushes after the ticks that are due by now; what is not urgent may be held. */
function flushSoon(isUrgent) {
  if (isUrgent) flushIsUrgent = true;
  if (flushIsDue) return;
  if (isExiting()) return flush(); // no tick follows
  flushIsDue = true;
  process.nextTick(flushOnTick);
}

function flushOnTick() {
  flushIsDue = false;
  if (isHolding && !flushIsUrgent) return;
  flushIsUrgent = false;
  endEpoch();
}

/** Flushes before the process ends. No tick may follow: what is sent afterwards asks whether the process is ending. */
function flushForEnd() {
  flushIsDue = false;
  flush();
}

/** Whether answers are held now: those which ticks and microtasks send between two listeners of one delivery. */
const holds = () => isHolding;

function hold(on) {
  isHolding = on;
}

/** Whether nothing is batched. */
const isEmpty = () => table[COUNT] === 0;

/** The flush epoch: it changes when something may change the outcome of later sends. */
const currentEpoch = () => epoch;

/** Begins a new epoch. What is held leaves with the next flush. */
function beginEpoch() {
  epoch++;
}

/** Flushes the batch and begins a new epoch. */
function endEpoch() {
  beginEpoch();
  flush();
}

/** Sends the batch and sets the requests' outcomes; the outcome of the last datagram. */
function flush() {
  const count = table[COUNT];
  if (count === 0) return undefined;
  used = 0;
  if (options.length === 0) sendRows();
  else environment.flushWith(options.splice(0));
  for (let index = 0; index < count; index++) {
    const row = index * COLUMNS;
    const outcome = table[row + OUTCOME];
    if (outcome < 0) onFailure(requests[index], outcome, table[row + OFFSET]);
    if (requests[index] !== undefined) setOutcome(index, outcome);
  }
  return table[(count - 1) * COLUMNS + OUTCOME];
}

/** The next datagram to a peer that refused one must not be batched with it. */
function onFailure(request, outcome, token) {
  epoch++;
  if (outcome === WAITS && request !== undefined) queued.set(token, request);
}

function setOutcome(index, outcome) {
  requests[index].outcome = outcome;
  requests[index] = undefined;
}

/** Concatenates a datagram's parts. */
function joined(list) {
  return Buffer.concat(list.map((view) => bytesOf(view)));
}

/** Queues a datagram without trying to send it; 0 or a negative errno. */
function enqueue(handle, list, address, port, request) {
  const token = handle.enqueue(joined(list), address === undefined ? undefined : String(address), port);
  if (token < 0) return token;
  queued.set(token, request);
  return 0;
}

module.exports = {
  PEER,
  WAITS,
  add,
  beginEpoch,
  cancel,
  currentEpoch,
  destination,
  endEpoch,
  enqueue,
  flush,
  flushForEnd,
  flushSoon,
  hold,
  holds,
  isEmpty,
  memory,
  settle,
  start,
};
