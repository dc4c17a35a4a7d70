'use strict';
// Starts ways.cjs in every kind of process and thread that Node starts, and prints the reports by kind.

const childProcess = require('node:child_process');
const cluster = require('node:cluster');
const path = require('node:path');
const { Worker } = require('node:worker_threads');

const program = path.join(__dirname, 'ways.cjs');

/** The first message of a child or thread, or how it ended without one. */
function report(child) {
  return new Promise((resolve) => {
    child.once('message', resolve);
    child.once('error', (error) => resolve(`error: ${error.message}`));
    child.once('exit', (code) => setImmediate(resolve, `exit ${code}`));
  });
}

function spawned() {
  const { stdout, stderr } = childProcess.spawnSync(process.execPath, [program], { encoding: 'utf8' });
  return stdout ? JSON.parse(stdout) : stderr;
}

function clusterWorker() {
  cluster.setupPrimary({ exec: program });
  return report(cluster.fork());
}

const kinds = {
  fork: () => report(childProcess.fork(program)),
  'fork in another directory': () => report(childProcess.fork(program, { cwd: '/' })),
  'fork with arguments of its own': () => report(childProcess.fork(program, { execArgv: ['--no-warnings'] })),
  'spawned node': spawned,
  'cluster worker': clusterWorker,
  worker: () => report(new Worker(program)),
  'worker with arguments of its own': () => report(new Worker(program, { execArgv: ['--no-warnings'] })),
  'worker of a worker': () => report(new Worker(`new (require('node:worker_threads').Worker)(${JSON.stringify(program)})
    .on('message', (m) => require('node:worker_threads').parentPort.postMessage(m))`, { eval: true })),
};

async function main() {
  const reports = {};
  for (const [kind, start] of Object.entries(kinds)) reports[kind] = await start();
  console.log(JSON.stringify(reports));
}
main();
