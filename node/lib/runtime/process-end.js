'use strict';
// Ends of the process that run no listener, or none of ours: batched sends leave before them.

const process = require('./process.js');

const kFlushes = Symbol.for('heliogram.flushes');

/** Weak references to the functions of all copies of heliogram in the thread. */
function flushesOf() {
  if (process[kFlushes] === undefined) {
    Object.defineProperty(process, kFlushes, { value: new Set() });
    ['abort', 'execve', 'reallyExit', 'kill'].filter((name) => process[name] !== undefined).forEach(flushBefore);
    if (process.versions.bun) process.on('exit', flushAll); // Bun ends without the addon's clean-up
  }
  return process[kFlushes];
}

function flushBefore(name) {
  const original = process[name];
  const replacement = {
    [name](...args) {
      if (name !== 'kill' || args[0] === process.pid) flushAll();
      return Reflect.apply(original, this, args);
    },
  };
  process[name] = replacement[name];
}

function flushAll() {
  for (const reference of process[kFlushes]) {
    const flush = reference.deref();
    if (flush === undefined) process[kFlushes].delete(reference);
    else flush();
  }
}

/** Calls `flush` before the process ends, as long as somebody else holds the function. */
function beforeEnd(flush) {
  flushesOf().add(new WeakRef(flush));
}

/** Whether 'exit' is being emitted: no tick and no turn of the loop follows. */
const isExiting = () => process._exiting === true;

module.exports = { beforeEnd, isExiting };
