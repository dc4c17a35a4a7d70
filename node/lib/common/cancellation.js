'use strict';
// The options `{ signal, timeout }` of promises, and `{ signal }` of sockets.

const { addAbortListener } = require('node:events');
const { AbortError } = require('./errors.js');
const { validateAbortSignal, validateCount, validateObject } = require('./validate.js');

/** The longest time that a timer can wait, in ms. */
const LONGEST = 2 ** 31 - 1;

function checkedWait(options) {
  validateObject(options, 'options');
  const { signal, timeout } = options;
  if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
  if (timeout !== undefined) validateCount(timeout, 'options.timeout', 0, LONGEST);
  return { signal, timeout };
}

/** What AbortSignal.timeout gives for a reason. */
const timeoutError = () => new DOMException('The operation was aborted due to timeout', 'TimeoutError');

/** Calls `onEnd` with the error when it is time to give up; answers a function after which it is not called. */
function waitNoLonger({ signal, timeout }, onEnd) {
  const timer = timeout === undefined ? undefined : setTimeout(() => onEnd(timeoutError()), timeout);
  const listening = signal && addAbortListener(signal, () => onEnd(new AbortError(signal.reason)));
  return () => {
    clearTimeout(timer);
    listening?.[Symbol.dispose]();
  };
}

/**
 * A promise of what `start(resolve, reject)` will find, given up when the options say so. `start` answers a function that
 * is called then, or undefined if nothing can be taken back.
 */
function within(options, start) {
  return new Promise((resolve, reject) => {
    const wait = checkedWait(options);
    if (wait.signal?.aborted) throw new AbortError(wait.signal.reason);
    let takeBack;
    const stop = waitNoLonger(wait, (error) => {
      stop();
      takeBack?.();
      reject(error);
    });
    const settle = (how) => (value) => {
      stop();
      how(value);
    };
    takeBack = start(settle(resolve), settle(reject));
  });
}

/** Closes the socket when the signal is aborted, if it is still open; a closed socket does not listen to the signal. */
function closeOnAbort(socket, signal, isOpen) {
  const onAbort = () => {
    if (isOpen()) socket.close();
  };
  if (signal.aborted) {
    onAbort();
    return;
  }
  const listening = addAbortListener(signal, onAbort);
  socket.once('close', () => listening[Symbol.dispose]());
}

module.exports = { closeOnAbort, within };
