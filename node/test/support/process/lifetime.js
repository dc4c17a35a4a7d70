'use strict';
// Tests of one module, without comparison: a scenario in a child process, with an expected exit and trace.

const assert = require('node:assert');
const { run } = require('./child.js');
const { declare, show } = require('../differential.js');

/** Declares a test: the child ends with this code, by itself and in time, and its trace is `records`. `needs` is the reason to skip it. */
function ends(title, fixture, scenario, { code = 0, signal = null, records, needs = false, ...how } = {}) {
  declare(title, { timeout: 120_000, skip: needs }, async () => {
    const child = await run(fixture, scenario, how);
    show('%s\n%s', title, child.records.map((line) => JSON.stringify(line)).join('\n'));
    assert.deepStrictEqual({ code: child.code, signal: child.signal }, { code, signal }, child.stderr);
    assert.deepStrictEqual(child.records, records, child.stderr);
  });
}

module.exports = { ends };
