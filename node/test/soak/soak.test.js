'use strict';
// A few seconds of what `cargo xtask soak` does for longer.

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');
const { declare } = require('../support/differential.js');
const runtime = require('../support/runtime.js');

const PROGRAM = path.join(__dirname, 'soak.js');

if (!runtime.records) {
  declare('mixed traffic loses nothing and leaves nothing behind', { timeout: 120_000 }, async () => {
    const [file, ...args] = [...runtime.command(['--expose-gc']), PROGRAM, '3'];
    const { stdout } = await promisify(execFile)(file, args, { env: { ...process.env, NODE_TEST_CONTEXT: undefined } });
    assert.match(stdout, /^\d+ datagrams in \d+ s, none lost or changed/m);
  });
}
