'use strict';
// Scenarios that need a process of their own, since they crash, exit, fork or are denied a permission.

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const path = require('node:path');
const { HOST, SUBJECT } = require('../module.js');
const { declare, lacking, same, show } = require('../differential.js');
const runtime = require('../runtime.js');

const ENTRY = path.join(__dirname, 'entry.js');
const LIMIT = 40_000;

/**
 * Runs one scenario of a fixture file in a child process, under `prefix` (a command that runs commands), and
 * returns its exit code, signal, records, and the line that names its uncaught error.
 */
async function run(fixture, scenario, { module = SUBJECT, flags = [], env = {}, stdin = 'ignore', stdio = [], prefix = [], meanwhile } = {}) {
  const command = [...prefix, ...runtime.command(flags, module === HOST), ENTRY, fixture, scenario];
  const child = spawn(command[0], command.slice(1), {
    stdio: [stdin, 'pipe', 'pipe', ...stdio],
    env: { ...process.env, ...env, HELIOGRAM_TEST_LOAD: module, NODE_TEST_CONTEXT: undefined },
  });
  const [output, errors] = [collect(child.stdout), collect(child.stderr)];
  meanwhile?.(child);
  const { code, signal } = await ended(child, scenario, errors);
  return { code, signal, records: parse(output.text), died: errorLine(errors.text), stderr: errors.text };
}

function collect(stream) {
  const collected = { text: '' };
  stream.setEncoding('utf8').on('data', (text) => { collected.text += text; });
  return collected;
}

function ended(child, scenario, errors) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${scenario}: the process did not end within ${LIMIT} ms\n${errors.text}`));
    }, LIMIT);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal });
    });
  });
}

function parse(text) {
  return text.split('\n').filter(Boolean).flatMap((line) => {
    try {
      return JSON.parse(line);
    } catch {
      return [['not a record', line]];
    }
  });
}

/** The line that names an uncaught error, without the ports, which differ from run to run. */
function errorLine(stderr) {
  const line = stderr.split('\n').find((text) => /^(Uncaught )?\w*(Error|Exception)\b/.test(text));
  return line?.replace(/:\d{4,5}\b/g, ':PORT') ?? null;
}

/**
 * Declares a test that runs the scenario in a child once with the host's dgram and once with the module under
 * test, and compares traces, exit codes, signals and uncaught errors. `code` is the exit code that both must have.
 */
function inChild(title, fixture, scenario, { code = 0, signal = null, least = 1, needs = false, expected, onHost = true, ...how } = {}) {
  if (runtime.records) return;
  declare(title, { skip: needs || lacking(onHost), timeout: 3 * LIMIT }, async () => {
    const ours = await run(fixture, scenario, how);
    show('%s: %s\n%s', title, ours.died, ours.records.map((line) => JSON.stringify(line)).join('\n'));
    assert.deepStrictEqual({ code: ours.code, signal: ours.signal }, { code, signal }, ours.stderr);
    if (expected) same(ours.records, expected, 'what is expected');
    if (onHost) {
      const theirs = await run(fixture, scenario, { ...how, module: HOST });
      same(ours.records, theirs.records, 'the host');
      const { code, signal } = theirs;
      const died = runtime.program ? ours.died : theirs.died; // each runtime prints it in its own words
      assert.deepStrictEqual({ code: ours.code, signal: ours.signal, died: ours.died }, { code, signal, died });
    }
    assert.ok(ours.records.length >= least, `${ours.records.length} records, at least ${least} expected\n${ours.stderr}`);
  });
}

module.exports = { ENTRY, inChild, run };
