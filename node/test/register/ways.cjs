'use strict';
// Reaches `dgram` in every way that a CommonJS program can, and reports for each whether it was heliogram.
// Prints the report, or hands it to the parent if this is a fork or a worker thread.

const Module = require('node:module');
const path = require('node:path');
const { parentPort } = require('node:worker_threads');

const { createSocket, Socket } = require('../../index.js');
const names = ['dgram', 'node:dgram'];

const isHeliogram = (dgram) => dgram.createSocket === createSocket && dgram.Socket === Socket;

async function ways() {
  const report = {};
  for (const name of names) {
    report[`require ${name}`] = isHeliogram(require(name));
    report[`createRequire ${name}`] = isHeliogram(Module.createRequire(path.join(process.cwd(), 'any.js'))(name));
    report[`import() ${name}`] = isHeliogram((await import(name)).default);
    if (process.getBuiltinModule) report[`getBuiltinModule ${name}`] = isHeliogram(process.getBuiltinModule(name));
  }
  report['a file of its own'] = (await import('./ways.mjs')).report;
  return report;
}

ways().then((report) => {
  if (parentPort) parentPort.postMessage(report);
  else if (process.send) process.send(report, () => process.disconnect());
  else console.log(JSON.stringify(report));
});
