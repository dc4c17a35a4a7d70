'use strict';
// Reaches `dgram` in every way that a CommonJS program can, and reports for each whether it was heliogram.
// Prints the report, or hands it to the parent if this is a fork or a worker thread.

const Module = require('node:module');
const path = require('node:path');
const { parentPort } = require('node:worker_threads');

const heliogram = require('../../index.js');
const names = ['dgram', 'node:dgram'];

async function ways() {
  const report = {};
  for (const name of names) {
    report[`require ${name}`] = require(name) === heliogram;
    report[`createRequire ${name}`] = Module.createRequire(path.join(process.cwd(), 'any.js'))(name) === heliogram;
    report[`import() ${name}`] = (await import(name)).default === heliogram;
    if (process.getBuiltinModule) report[`getBuiltinModule ${name}`] = process.getBuiltinModule(name) === heliogram;
  }
  report['a file of its own'] = (await import('./ways.mjs')).report;
  return report;
}

ways().then((report) => {
  if (parentPort) parentPort.postMessage(report);
  else if (process.send) process.send(report, () => process.disconnect());
  else console.log(JSON.stringify(report));
});
