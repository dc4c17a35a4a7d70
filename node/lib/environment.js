'use strict';
// Where received messages come from, for all sockets of this thread: one call for each batch. The bytes lie in a slab that
// both sides see; a table of numbers says what is where. The native side of the same picture is node/src/receive.rs; the
// way out is gather.js.

const gather = require('./gather.js');
const { fromLoop, isNode, runTicks: runHostTicks } = require('./host.js');
const native = require('./native.js');

/** What the native side takes from the kernel at once (`SLOTS` there): messages of 64 KiB, each with its sender's text. */
const MESSAGES = 16;
const RECEIVED_BYTES = MESSAGES * (65_536 + 64);

/** The columns of a row: `[offset, length, port, family, sender, text length]`. */
const ROW = 6;

/** `deliver` is told to go on with the batch whose listener threw. */
const RESUME = -1;

const received = Buffer.allocUnsafeSlow(RECEIVED_BYTES);
const receivedTable = new Int32Array(MESSAGES * ROW);

const receivers = new Map(); // by the number of the socket
const senders = []; // texts of addresses, by the numbers that the native side gives them

let classes;
let environment;
let batch = { handle: undefined, next: 0, count: 0 };

function start() {
  classes = native.load();
  const callbacks = { deliver: fromLoop(deliver), settle: fromLoop(gather.settle) };
  const memory = { received, receivedTable, sent: gather.bytes, sentTable: gather.table };
  environment = new classes.Environment({ ...callbacks, ...memory }, isNode);
  gather.start(environment);
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
    runHostTicks();
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

module.exports = { open, receivers };
