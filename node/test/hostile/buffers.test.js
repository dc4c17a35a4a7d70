'use strict';
// Memory that is detached, changed or far too large between send() and the moment when its bytes leave.

const assert = require('node:assert');
const path = require('node:path');
const test = require('node:test');
const { inChild, run } = require('../support/process/child.js');
const { selfTest } = require('../support/module.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'buffers.js');

inChild('bytes that change after send', FIXTURE, 'changed', { least: 12 });
inChild('buffers that are detached after send', FIXTURE, 'detachedLater', { least: 4 });
inChild('buffers that are resized before and after send', FIXTURE, 'resized', { least: 12 });
inChild('buffers that are shared with other threads', FIXTURE, 'shared', { least: 4 });
inChild('slices at the edges of large numbers', FIXTURE, 'edges', { least: 20 });
inChild('received buffers that are detached, written and kept', FIXTURE, 'received', { least: 3 });
inChild('prototypes whose methods detach the buffers that they are called on', FIXTURE, 'replaced', { least: 3 });

const HOST_ABORTS = ['lookupAnswersUndefined', 'lookupAnswersNumber', 'lookupAnswersObject', 'bufferSizeMinusZero'];

for (const scenario of HOST_ABORTS) {
  // The host's own dgram aborts the process here; the package must not.
  test(`${scenario}: the process survives`, { skip: selfTest && 'the host’s own dgram aborts the process here', timeout: 60_000 }, async () => {
    const { code, signal, records, stderr } = await run(FIXTURE, scenario);
    assert.deepStrictEqual({ code, signal }, { code: 0, signal: null }, stderr);
    assert.deepStrictEqual(records.at(-1), ['round trip', '<Buffer 10: "still here">'], JSON.stringify(records));
  });
}

test('messages of 2^32 bytes are too large', {
  skip: selfTest && 'the host’s own dgram takes the length modulo 2^32 and sends what is left', timeout: 60_000,
}, async (context) => {
  const { code, records, stderr } = await run(FIXTURE, 'enormous');
  assert.strictEqual(code, 0, stderr);
  if (records[0][0] === 'no room') {
    context.diagnostic('skipped: this system does not promise 4 GiB of memory');
    return;
  }
  const results = records.filter(([label]) => label === 'sent').map(([, error, bytes]) => error?.keys[1][1] ?? bytes);
  assert.deepStrictEqual(results, ['EMSGSIZE', 'EMSGSIZE', 'EMSGSIZE', 3, 3]);
  assert.deepStrictEqual(records.at(-1), ['round trip', '<Buffer 10: "still here">']);
});
