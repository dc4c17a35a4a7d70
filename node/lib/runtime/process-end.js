'use strict';
// Flushes batched sends before 'exit' is emitted, and before the process ends in a way that runs no listener of it.

const { inMainContext } = require('./main-context.js');
const process = require('./process.js');

/**
 * Wraps the process's functions that end it, once for all copies of heliogram in the thread; a function that adds one to call before
 * the end, which it does not keep.
 */
const install = inMainContext((process, key) => {
  if (process[key] !== undefined) return process[key];
  const flushes = new Set(); // weak references

  function flushAll() {
    for (const reference of flushes) {
      const flush = reference.deref();
      if (flush === undefined) flushes.delete(reference);
      else flush();
    }
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

  function add(flush) {
    for (const reference of flushes) if (reference.deref() === undefined) flushes.delete(reference);
    flushes.add(new WeakRef(flush));
  }

  /** Node sets this field before it emits 'exit' after process.exit() or an uncaught exception; else no tick is due then. */
  function flushBeforeExitListeners() {
    const field = Object.getOwnPropertyDescriptor(process, '_exiting');
    if (field?.set === undefined || !field.configurable) return flushBefore('exit');
    const set = (value) => {
      Reflect.apply(field.set, process, [value]);
      if (value) flushAll();
    };
    Object.defineProperty(process, '_exiting', { ...field, set });
  }

  Object.defineProperty(process, key, { value: add });
  flushBeforeExitListeners();
  ['abort', 'execve', 'reallyExit', 'kill'].filter((name) => process[name] !== undefined).forEach(flushBefore);
  if (process.versions.bun) process.on('exit', flushAll); // Bun ends without the addon's clean-up
  return add;
});

/** Calls `flush` before the process ends, as long as somebody else holds the function. */
const beforeEnd = (flush) => install(process, Symbol.for('heliogram.beforeEnd'))(flush);

/** Whether 'exit' is being emitted: no tick and no turn of the loop follows. */
const isExiting = () => process._exiting === true;

module.exports = { beforeEnd, isExiting };
