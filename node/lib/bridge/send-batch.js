'use strict';
// The way out, for all sockets of this thread: sends are gathered, and one call lets those of a turn leave. The bytes lie
// in a slab that both sides see; a table of numbers says what is where. The native side of the same picture is
// node/src/send/rows.rs; the way in is env.js.

const process = require('node:process'); // the global is an accessor, which costs
const { constants } = require('node:os');
const { sizeOf } = require('../common/validate.js');

/** Sends leave when so many datagrams, or so many bytes, have been gathered; at the turn's end at the latest. */
const GATHERED = 64;
const GATHERED_BYTES = 65_536;

/** Larger than any datagram: what is longer still is cut to this, and the kernel refuses it all the same. */
const TOO_LONG = 65_536;

/** The columns of a row: `[socket, offset, length, port, destination, place of the options, then outcome]`. */
const ROW = 6;

/** Where the table has the number of its rows. */
const COUNT = GATHERED * ROW;

/** The outcome of a send which the kernel had no room for; its token is where the offset was. */
const WAITS = -(2 ** 31);

/** The outcome of a send that was waiting when its socket was closed. */
const ECANCELED = -constants.errno.ECANCELED;

/** The destination of a send to the connected peer. */
const PEER = -1;

const bytes = Buffer.allocUnsafeSlow(GATHERED_BYTES + TOO_LONG);
const table = new Int32Array(COUNT + 1);

const waiting = new Map(); // requests whose datagrams wait for the kernel, by their tokens
const destinations = new Map(); // numbers of addresses, by their texts
const requests = new Array(GATHERED).fill(undefined);
const options = []; // of what is gathered: rows name them by their places, from 1 on

let environment;
let sendGathered;
let lastAddress; // most sends go where the last one went
let lastNumber = 0;
let used = 0;
let flushIsDue = false;
let stretch = 0;

/** Begins with the native half of this thread. */
function start(native, flushNative) {
  environment = native;
  sendGathered = flushNative;
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
  if (address === lastAddress) return lastNumber;
  const known = destinations.get(address);
  if (known === undefined) return newDestination(`${address}`);
  lastAddress = address;
  lastNumber = known;
  return known;
}

function newDestination(address) {
  let number = environment.destination(address);
  if (number === -1) {
    flush(); // what is gathered means the addresses known so far
    environment.forgetDestinations();
    destinations.clear();
    lastAddress = undefined;
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
    bytes.set(room === view.length ? view : new Uint8Array(view.buffer, view.byteOffset, room), used);
    used += room;
  }
  return used - start;
}

/** Gathers a datagram; a flush must follow in this turn, and before anything else if it has options. The request, if there is one, is told the outcome. */
function gather(number, list, to, port, request, outgoing) {
  if (table[COUNT] === GATHERED || used + sizeOf(list) > GATHERED_BYTES) flush();
  const index = table[COUNT];
  const row = index * ROW;
  table[row] = number;
  table[row + 1] = used;
  table[row + 2] = copy(list);
  table[row + 3] = port;
  table[row + 4] = to;
  table[row + 5] = outgoing === undefined ? 0 : placeOf(outgoing);
  if (request !== undefined) requests[index] = request;
  table[COUNT] = index + 1;
}

/** Neighbours mostly have the same. */
function placeOf(outgoing) {
  if (options.at(-1) !== outgoing) options.push(outgoing);
  return options.length;
}

/** Ends the stretch when the ticks that are due by now have run. */
function endSoon() {
  if (flushIsDue) return;
  flushIsDue = true;
  process.nextTick(endTurn);
}

function endTurn() {
  flushIsDue = false;
  endStretch();
}

/** The number of the stretch of sends between which nothing happens that may change what the kernel makes of them. */
const currentStretch = () => stretch;

/** Lets everything leave that is gathered, before something else happens. */
function endStretch() {
  stretch++;
  flush();
}

/** Lets everything leave that is gathered, and tells the requests their outcomes; the last one's outcome. */
function flush() {
  const count = table[COUNT];
  if (count === 0) return undefined;
  used = 0;
  if (options.length === 0) sendGathered();
  else environment.flushWith(options.splice(0));
  for (let index = 0; index < count; index++) {
    const row = index * ROW;
    const outcome = table[row + 5];
    if (outcome < 0) notSent(requests[index], outcome, table[row + 1]);
    if (requests[index] !== undefined) tell(index, outcome);
  }
  return table[(count - 1) * ROW + 5];
}

/** What comes behind a datagram that was refused must not be joined to it. */
function notSent(request, outcome, token) {
  stretch++;
  if (outcome === WAITS && request !== undefined) waiting.set(token, request);
}

function tell(index, outcome) {
  requests[index].outcome = outcome;
  requests[index] = undefined;
}

/** A datagram's parts as one. */
function joined(list) {
  return Buffer.concat(list.map((view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)));
}

/** Lets a datagram wait for the loop, whether or not the kernel has room; 0, or a negative number of the system's. */
function enqueue(handle, list, address, port, request) {
  const token = handle.enqueue(joined(list), address === undefined ? undefined : String(address), port);
  if (token < 0) return token;
  waiting.set(token, request);
  return 0;
}

module.exports = { PEER, WAITS, bytes, cancel, currentStretch, destination, endSoon, endStretch, enqueue, flush, gather, settle, start, table };
