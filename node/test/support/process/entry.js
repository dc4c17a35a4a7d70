'use strict';
// What a child process runs: one scenario of a fixture file, on the module that HELIOGRAM_TEST_LOAD names.
// The trace is written when the process exits, for whatever reason.

const { Trace, writeLine } = require('../trace.js');

const [fixture, scenario] = process.argv.slice(2);
const trace = new Trace(require(process.env.HELIOGRAM_TEST_LOAD));

let isWritten = false;

function writeTrace() {
  if (!isWritten) writeLine(trace.records);
  isWritten = true;
}

// After all 'exit' listeners of the scenario. Bun does not call a replaced emit, so there a listener is kept in last place.
const { emit, on } = process;
process.emit = function (event, ...values) {
  const result = emit.call(this, event, ...values);
  if (event === 'exit') writeTrace();
  return result;
};
if (process.versions.bun) {
  process.on = function (event, listener) {
    on.call(this, event, listener);
    if (event !== 'exit') return this;
    this.removeListener('exit', writeTrace);
    return on.call(this, 'exit', writeTrace);
  };
  process.on('exit', () => {});
}
// Deno emits no 'exit' after an uncaught exception.
if (process.versions.deno) process.on('uncaughtExceptionMonitor', () => process.listenerCount('uncaughtException') === 0 && writeTrace());

require(fixture)[scenario](trace);
