'use strict';
// When answers of one delivery leave. Listeners are called one after the other, and ticks and microtasks run between two of
// them: what those send without a callback is held, so that the answers to a batch leave as a batch. A listener that takes
// long must not delay the answers given before it for long.

const sendBatch = require('./send-batch.js');

/** For how long an answer is held before the next listener is called, in milliseconds. A listener that takes longer is slow. */
const LIMIT = 0.1;

let clock; // taken when it is first needed: to load it takes a millisecond
let lastLook = 0;
let heldSince = 0; // when the first of the held answers was seen; 0 for none
let isSlow = false; // whether a listener of this delivery was

/** The time in milliseconds. Fake timers may have stopped it; then what is held leaves when its delivery ends. */
function now() {
  clock ??= globalThis.performance ?? require('node:perf_hooks').performance; // a test framework's global object may lack it
  return clock.now();
}

/** Begins the delivery of several messages. */
function begin(handle) {
  heldSince = 0;
  isSlow = false;
  if (handle.isSlow) lastLook = now();
}

/** Between two listeners. The clock is read only while something is held, or if the socket's listeners were slow. */
function limit(handle) {
  if (!handle.isSlow && sendBatch.isEmpty()) {
    heldSince = 0;
    return;
  }
  const time = now();
  if (handle.isSlow || heldSince !== 0) isSlow ||= time - lastLook > LIMIT;
  lastLook = time;
  if (handle.isSlow) return;
  handle.isSlow = isSlow;
  if (heldSince === 0) heldSince = time;
  if (!isSlow && time - heldSince <= LIMIT) return;
  heldSince = 0;
  sendBatch.flush();
}

/** Ends a delivery: the listeners count as slow until none of a delivery is. */
function end(handle) {
  handle.isSlow = isSlow;
}

module.exports = { begin, end, limit };
