'use strict';
// Differential tests: each scenario runs on the host's own dgram and on the module under test, and any difference between
// the two traces fails.

const assert = require('node:assert');
const test = require('node:test');
const util = require('node:util');
const { host, subject, selfTest } = require('./module.js');
const runtime = require('./runtime.js');
const { record } = require('./trace.js');

const LIMIT = 60_000;

/** NODE_DEBUG=trace shows what each scenario records. */
const show = util.debuglog('trace');

/**
 * Declares a test. `least` is the least number of records, so that a scenario that records nothing fails. `expected` is the
 * whole trace, for features that the host's own dgram may lack; `onHost` says whether the host has them. `needs` is false,
 * or the reason to skip the test; it also holds in the process that runs the scenarios for another runtime.
 */
function differential(title, scenario, { least = 1, expected, onHost = true, needs = false } = {}) {
  if (runtime.records) return needs || scenarios.set(title, scenario);
  const skip = needs || lacking(onHost);
  return declare(title, { skip, timeout: LIMIT }, async () => {
    const ours = await (runtime.program ? runtime.trace(title) : record(subject, scenario));
    show('%s\n%s', title, ours.map((line) => JSON.stringify(line)).join('\n'));
    if (expected) same(ours, expected, 'what is expected');
    if (onHost) same(ours, await record(host, scenario), 'the host');
    assert.ok(ours.length >= least, `${ours.length} records, at least ${least} expected; NODE_DEBUG=trace shows them`);
  });
}

/** The scenarios of a file that is loaded by recorder.js, by title. */
const scenarios = new Map();

/** Declares a test; the title of a test that the runtime cannot pass gives the reason. */
function declare(title, options, run) {
  if (runtime.records) return undefined; // other tests run in Node only
  const reason = runtime.reason(title);
  if (reason) return test(`${title} (not in ${runtime.name}: ${reason})`, options, () => runtime.mayFail(title, run));
  return test(title, options, run);
}

/** Declares a test without a scenario, which runs in Node only. */
function direct(title, options, run) {
  if (!runtime.records) declare(title, options, run);
}

function lacking(onHost) {
  return !onHost && selfTest && `the module under test is node:dgram of ${process.version}, which lacks this`;
}

/** Fails with the first record that differs, and the records before it. */
function same(inFull, theirsInFull, oracle) {
  const [ours, theirs] = [inFull, theirsInFull].map(runtime.comparable);
  const at = firstDifference(ours, theirs);
  if (at < 0) return;
  const before = ours.slice(Math.max(0, at - 4), at).map((line) => JSON.stringify(line)).join('\n  ');
  const message = `record ${at} differs from ${oracle}\n  ${before}\n- ${oracle}: ${JSON.stringify(theirs[at])}\n+ ours: ${JSON.stringify(ours[at])}\n`;
  assert.fail(message);
}

function firstDifference(ours, theirs) {
  const length = Math.max(ours.length, theirs.length);
  for (let at = 0; at < length; at++) {
    if (JSON.stringify(ours[at]) !== JSON.stringify(theirs[at])) return at;
  }
  return -1;
}

module.exports = { declare, differential, direct, lacking, same, scenarios, show };
