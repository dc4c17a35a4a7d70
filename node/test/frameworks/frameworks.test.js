'use strict';
// Fake timers, stubs and mocks of test frameworks: heliogram works wherever node:dgram does.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { isItself } = require('../support/module.js');

const bin = (file) => path.join(__dirname, 'node_modules', file);
const program = (file) => path.join(__dirname, 'programs', file);

const JEST = ['--rootDir', __dirname, '--no-cache', '--transform', '{}', '--watchman=false'];

const FRAMEWORKS = {
  Jest: ['jest', [bin('jest/bin/jest.js'), ...JEST, '--testMatch', '**/fakes.jest.test.cjs']],
  Vitest: ['vitest', [bin('vitest/vitest.mjs'), 'run', '--root', __dirname, '--config', program('vitest.config.mjs')]],
  'node:test': [undefined, ['--test', program('fakes.node.cjs')]],
  sinon: ['sinon', ['--test', program('fakes.sinon.cjs')]],
};

/** Why a framework cannot run here, or false. */
function lacking(name) {
  if (!isItself) return `in ${process.version} the package is the host's own dgram`;
  return name !== undefined && !fs.existsSync(bin(name)) && `test/frameworks has no ${name}: npm ci`;
}

const LEAKS = ['jest', [bin('jest/bin/jest.js'), ...JEST, '--testMatch', '**/leaks.jest.test.cjs', '--detectLeaks']];

const TESTS = {
  ...Object.fromEntries(Object.entries(FRAMEWORKS).map(([name, run]) => [`B91 under the fakes of ${name}`, run])),
  'B103 Jest --detectLeaks finds nothing that stays': LEAKS,
};

for (const [title, [name, args]] of Object.entries(TESTS)) {
  test(title, { skip: lacking(name), timeout: 120_000 }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: __dirname, encoding: 'utf8', env: { ...process.env, NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: '' },
    });
    assert.strictEqual(status, 0, `${stdout}${stderr}`);
  });
}
