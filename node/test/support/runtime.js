'use strict';
// The same tests for Deno and Bun. HELIOGRAM_TEST_RUNTIME names the program. The files still run in Node, whose own dgram
// stays the measure; the module under test runs in the other runtime: a file's scenarios in one process, which writes a
// line for each, and scenarios that need a process of their own in one of their own.

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');
const { IMPOSSIBLE } = require('./runtime-differences.js');

const program = process.env.HELIOGRAM_TEST_RUNTIME;
const name = program && path.basename(program).replace(/\W.*/, '');

/** True in the process that runs a file's scenarios for another. */
const records = process.env.HELIOGRAM_TEST_RECORDS === '1';

/** Whether the module under test runs in another runtime: the same in both processes. */
const isOther = Boolean(program) || records;

/** Flags of V8, which Deno wants as one of its own, and of which Bun knows the first. */
const isOfV8 = (flag) => /^--(expose-gc$|max-semi-space-size|stress-compaction$)/.test(flag);

/** How each runtime is started, with flags of Node in its own words. Deno asks for every permission. */
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

/** What engines word and print in their own ways is not compared: stacks, and the texts of errors that have no code. */
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
    made.promise.catch(() => {}); // nobody may have asked yet
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

/** Runs a test which the runtime cannot pass; some of them are a matter of timing, and pass at times. */
async function mayFail(title, run) {
  await run().catch((error) => process.emitWarning(`${title}: ${error.message}`));
}

module.exports = { command, comparable, isOther, mayFail, name, program, reason, records, trace };
