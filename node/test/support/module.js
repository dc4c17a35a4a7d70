'use strict';
// Which dgram is tested, and which one is the measure. Both are named by a string that `require` takes,
// because child processes, workers and cluster workers must load the same two.

const path = require('node:path');

const HOST = 'node:dgram';

const PACKAGE = path.join(__dirname, '..', '..', 'index.js');

/** The module under test: HELIOGRAM_TEST_MODULE, or else the package that this directory belongs to. */
const SUBJECT = resolve(process.env.HELIOGRAM_TEST_MODULE) ?? PACKAGE;

function resolve(name) {
  if (!name) return undefined;
  return name.startsWith('.') ? path.resolve(name) : name;
}

const host = require(HOST);

module.exports = {
  HOST,
  SUBJECT,
  host,
  /** Loaded when asked for, so that a process which runs on the host's dgram alone never loads the other. */
  get subject() { return require(SUBJECT); },
  /** What the other ends of a scenario are made of: in Deno and Bun ours as well, since theirs reorder and lose datagrams. */
  get peers() { return module.exports.isThreaded ? module.exports.subject : host; },
  isThreaded: Boolean(process.versions.deno || process.versions.bun),
  /** True when the suite measures the host's own dgram against itself, which is how the suite is tested. */
  selfTest: SUBJECT.replace(/^node:/, '') === 'dgram',
  /** Whether the package is a dgram of its own: in Nodes older than those that it is for, it is the host's. */
  get isItself() { return require(PACKAGE).Socket !== host.Socket; },
  nodeMajor: Number(process.versions.node.split('.')[0]),
  /** The name under which a child process loads the same module. */
  nameOf: (dgram) => (dgram === host ? HOST : SUBJECT),
};
