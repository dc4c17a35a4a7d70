'use strict';
// What a child process runs: one scenario of a fixture file, on the module that HELIOGRAM_TEST_LOAD names.
// The trace is written when the process exits, whatever it exits of.

const fs = require('node:fs');
const { Trace } = require('./trace.js');

const [fixture, scenario] = process.argv.slice(2);
const trace = new Trace(require(process.env.HELIOGRAM_TEST_LOAD));

let isTold = false;

function tell() {
  if (!isTold) fs.writeSync(1, `${JSON.stringify(trace.records)}\n`);
  isTold = true;
}

// Not an 'exit' listener: it must come after those of the scenario.
const { emit } = process;
process.emit = function (event, ...values) {
  const result = emit.call(this, event, ...values);
  if (event === 'exit') tell();
  return result;
};
// Of an uncaught exception Deno dies without an 'exit'.
if (process.versions.deno) process.on('uncaughtExceptionMonitor', tell);

require(fixture)[scenario](trace);
