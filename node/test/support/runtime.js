'use strict';
// Runs the tests for Deno and Bun. HELIOGRAM_TEST_RUNTIME names the program. The test files run in Node, and Node's own
// dgram is what they compare with; the module under test runs in the other runtime. The scenarios of a file run in one
// process, which writes a line for each; a scenario of child.js runs in a process of its own.

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');
const { IMPOSSIBLE } = require('./runtime-differences.js');

const program = process.env.HELIOGRAM_TEST_RUNTIME;
const name = program && path.basename(program).replace(/\W.*/, '');

/** True in the process that runs a file's scenarios for another. */
const records = process.env.HELIOGRAM_TEST_RECORDS === '1';

/** Whether the module under test runs in another runtime; true in both processes. */
const isOther = Boolean(program) || records;

/** Flags of V8. Deno takes them as one flag of its own, and Bun knows only the first. */
const isOfV8 = (flag) => /^--(expose-gc$|max-semi-space-size|stress-compaction$)/.test(flag);

/** The arguments that start each runtime with these flags of Node. Deno needs every permission. */
const START = {
  deno(flags) {
    const ofV8 = flags.filter(isOfV8);
    const others = flags.filter((flag) => !isOfV8(flag));
    return ['run', '--allow-all', '--quiet', ...(ofV8.length > 0 ? [`--v8-flags=${ofV8}`] : []), ...others];
  },
  bun: (flags) => flags.filter((flag) => flag === '--expose-gc' || !isOfV8(flag)),
};

/** The command that runs a program of ours, in this Node or in the runtime under test. */
function command(flags = [], withHost = false) {
  if (!program || withHost) return [process.execPath, ...flags];
  return [program, ...START[name](flags)];
}

/** Removes what engines write differently: stacks, and the messages of errors without a code. */
function comparable(value) {
  if (!program || value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(comparable);
  const { stack, ...rest } = value;
  if (!('error' in value)) return Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, comparable(inner)]));
  return value.fields?.length > 0 ? { ...rest, fields: comparable(rest.fields) } : { error: value.error };
}

/** Why the runtime cannot pass a test, or undefined. */
const reason = (title) => (program ? IMPOSSIBLE[name]?.find(([start]) => title.startsWith(start))?.[1] : undefined);

/** The traces of this file's scenarios in the other runtime, by title. */
let traces;

function startTraces() {
  const pending = new Map();
  const [file, ...args] = [...command(), path.join(__dirname, 'recorder.js'), process.argv[1]];
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HELIOGRAM_TEST_RECORDS: '1', HELIOGRAM_TEST_RUNTIME: '', NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: '' },
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => { errors += text; });
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{"title":')) settle(pending, JSON.parse(line));
  });
  const ended = new Promise((resolve) => {
    child.on('close', (code) => resolve(new Error(`${name} ended with ${code} and recorded no such scenario\n${errors}`)));
  });
  return {
    of(title) {
      const { promise, reject } = entry(pending, title);
      ended.then(reject);
      return promise;
    },
  };
}

function entry(pending, title) {
  if (!pending.has(title)) {
    const made = {};
    made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
    made.promise.catch(() => {}); // the trace may not have been asked for yet
    pending.set(title, made);
  }
  return pending.get(title);
}

function settle(pending, { title, trace, error }) {
  const { resolve, reject } = entry(pending, title);
  if (error) reject(new Error(`in ${name}: ${error}`));
  else resolve(trace);
}

function trace(title) {
  traces ??= startTraces();
  return traces.of(title);
}

/** Runs a test that the runtime cannot pass, or passes only at times; a failure is a warning. */
async function mayFail(title, run) {
  await run().catch((error) => process.emitWarning(`${title}: ${error.message}`));
}

module.exports = { command, comparable, isOther, mayFail, name, program, reason, records, trace };
