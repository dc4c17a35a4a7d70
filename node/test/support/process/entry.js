'use strict';
// What a child process runs: one scenario of a fixture file, on the module that HELIOGRAM_TEST_LOAD names.
// The trace is written when the process exits, whatever it exits of.

const { Trace, writeLine } = require('../trace.js');

const [fixture, scenario] = process.argv.slice(2);
const trace = new Trace(require(process.env.HELIOGRAM_TEST_LOAD));

let isTold = false;

function tell() {
  if (!isTold) writeLine(trace.records);
  isTold = true;
}

// After all listeners of the scenario. Bun calls no emit of ours, so there it is one that is always the last.
const { emit, on } = process;
process.emit = function (event, ...values) {
  const result = emit.call(this, event, ...values);
  if (event === 'exit') tell();
  return result;
};
if (process.versions.bun) {
  process.on = function (event, listener) {
    on.call(this, event, listener);
    if (event !== 'exit') return this;
    this.removeListener('exit', tell);
    return on.call(this, 'exit', tell);
  };
  process.on('exit', () => {});
}
// Of an uncaught exception Deno dies without an 'exit'.
if (process.versions.deno) process.on('uncaughtExceptionMonitor', () => process.listenerCount('uncaughtException') === 0 && tell());

require(fixture)[scenario](trace);
