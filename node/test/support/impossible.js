'use strict';
// What a runtime makes impossible: the titles of the tests that cannot pass there, each with its reason. A test on the list
// still runs, and must fail.

const EXPECTED_FAILURES = {
  deno: {},
  bun: {},
};

module.exports = { EXPECTED_FAILURES };
