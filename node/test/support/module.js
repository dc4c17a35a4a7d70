'use strict';
// Which dgram is tested, and which one is the measure. Both are named by a string that `require` takes,
// because child processes, workers and cluster workers must load the same two.

const path = require('node:path');

const HOST = 'node:dgram';

/** The module under test: HELIOGRAM_TEST_MODULE, or else the package that this directory belongs to. */
const SUBJECT = resolve(process.env.HELIOGRAM_TEST_MODULE) ?? path.join(__dirname, '..', '..', 'index.js');

function resolve(name) {
  if (!name) return undefined;
  return name.startsWith('.') ? path.resolve(name) : name;
}

module.exports = {
  HOST,
  SUBJECT,
  host: require(HOST),
  subject: require(SUBJECT),
  /** True when the suite measures the host's own dgram against itself, which is how the suite is tested. */
  selfTest: require(SUBJECT) === require(HOST),
  nodeMajor: Number(process.versions.node.split('.')[0]),
};
