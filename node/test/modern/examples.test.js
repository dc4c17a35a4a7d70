'use strict';
// The programs of examples/own/: what they print.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');

const EXAMPLES = path.join(__dirname, '..', '..', 'examples', 'own');

const PRINTED = {
  'backpressure.mjs': 'the sender stopped now and then\nread 150 datagrams in order\n',
  'notify.mjs': 'READY=1 from the process that says so\n',
  'echo.mjs': 'echoed: one\nechoed: two\nechoed: three\nthe server is closed\n',
};

for (const [name, expected] of Object.entries(PRINTED)) {
  test(name, () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [path.join(EXAMPLES, name)], {
      encoding: 'utf8', timeout: 60_000, env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    });
    assert.deepStrictEqual({ stdout, stderr, status }, { stdout: expected, stderr: '', status: 0 });
  });
}

test('no example is left out', () => {
  assert.deepStrictEqual(fs.readdirSync(EXAMPLES).sort(), Object.keys(PRINTED).sort());
});
