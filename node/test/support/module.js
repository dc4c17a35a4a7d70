'use strict';
// The dgram under test, and the one that it is compared with. Both are named by a string for `require`, because child
// processes, workers and cluster workers must load the same two.

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
  /** Loaded on first use, so that a process that runs on the host's dgram only never loads it. */
  get subject() { return require(SUBJECT); },
  /** The module of a scenario's other ends: in Deno and Bun the subject, since their own dgram reorders and loses datagrams. */
  get peers() { return module.exports.isThreaded ? module.exports.subject : host; },
  isThreaded: Boolean(process.versions.deno || process.versions.bun),
  /** True when the suite compares the host's own dgram with itself, which tests the suite. */
  selfTest: SUBJECT.replace(/^node:/, '') === 'dgram',
  /** Whether the package has its own dgram: in versions of Node that it does not support, it falls back to the host's. */
  get isItself() { return require(PACKAGE).Socket !== host.Socket; },
  /** False, or why the host cannot be compared with: it is older than the version in which its dgram got something. */
  olderThan(major, minor) {
    const [line, version] = process.versions.node.split('.').map(Number);
    return (line < major || (line === major && version < minor)) && `node:dgram of ${process.version} lacks it`;
  },
  nodeMajor: Number(process.versions.node.split('.')[0]),
  /** The name under which a child process loads the same module. */
  nameOf: (dgram) => (dgram === host ? HOST : SUBJECT),
};
