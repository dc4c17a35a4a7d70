'use strict';
// Runs the scenarios of a test file on the module under test and writes a line for each: its title, and its trace or error.

const { scenarios } = require('./differential.js');
const { subject } = require('./module.js');
const { record, writeLine } = require('./trace.js');

const LIMIT = 15_000;

function withinLimit(promise) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`not done within ${LIMIT} ms`)), LIMIT); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function main() {
  require(process.argv[2]);
  for (const [title, scenario] of scenarios) {
    const outcome = await withinLimit(record(subject, scenario)).then((trace) => ({ trace }), (error) => ({ error: error?.stack ?? `${error}` }));
    writeLine({ title, ...outcome });
  }
  process.exit(0);
}

main();
