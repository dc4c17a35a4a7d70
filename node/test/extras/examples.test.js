'use strict';
// The programs of examples/own/: what they print. Two of them need other hosts.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { inChild } = require('../support/process/child.js');
const { namespace, noNamespace } = require('../support/network/namespaces.js');
const runtime = require('../support/runtime.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'examples.js');
const EXAMPLES = path.join(__dirname, '..', '..', 'examples', 'own');

const PRINTED = {
  'backpressure.mjs': 'the sender stopped now and then\nread 150 datagrams in order\n',
  'notify.mjs': 'READY=1 from the process that says so\n',
  'echo.mjs': 'echoed: one\nechoed: two\nechoed: three\nthe server is closed\n',
};

const BESIDE = {
  'lease-server.mjs': [
    ['listening on 0.0.0.0:6767'],
    ['OFFER 10.78.1.100 to ann', '10.78.1.2', 'OFFER 10.78.1.100 to ann, from 10.78.1.2 by eth0'],
    ['OFFER 10.78.2.100 to bob', '10.78.2.2', 'OFFER 10.78.2.100 to bob, from 10.78.2.2 by eth1'],
    ['OFFER 10.78.1.101 to cid', '10.78.1.22', 'OFFER 10.78.1.101 to cid, from 10.78.1.22 by eth0'],
    ['OFFER 10.78.1.100 to ann', '10.78.1.2', 'OFFER 10.78.1.100 to ann, from 10.78.1.2 by eth0'],
    ['OFFER 10.78.2.101 to new', '10.78.2.2', 'OFFER 10.78.2.101 to new, from 10.78.2.2 by eth1'],
  ],
  'paced-video.mjs': [['listening on 0.0.0.0:5004'], ['all counted', true], ['fewer where some are marked', true], ['paced', true]],
};

for (const [name, expected] of Object.entries(PRINTED)) {
  test(name, () => {
    const [program, ...args] = runtime.command();
    const { stdout, stderr, status } = spawnSync(program, [...args, path.join(EXAMPLES, name)], {
      encoding: 'utf8', timeout: 60_000, env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    });
    assert.deepStrictEqual({ stdout, stderr, status }, { stdout: expected, stderr: '', status: 0 });
  });
}

for (const [name, expected] of Object.entries(BESIDE)) {
  inChild(name, FIXTURE, name, { prefix: namespace, needs: noNamespace, onHost: false, expected });
}

test('every example is tested', () => {
  assert.deepStrictEqual(fs.readdirSync(EXAMPLES).sort(), Object.keys({ ...PRINTED, ...BESIDE }).sort());
});
