'use strict';
// Ten thousand sockets opened and closed leave nothing behind: no descriptor, and less than 2 MB.

const assert = require('node:assert');
const path = require('node:path');
const test = require('node:test');
const { run } = require('../support/process/child.js');

// A young generation of a fixed size, so that what it grows by is not taken for a leak.
const FLAGS = ['--expose-gc', '--max-semi-space-size=1'];
const FIXTURE = path.join(__dirname, 'fixtures', 'leaks.js');
const MEGABYTE = 2 ** 20;

function leaks(title, scenario) {
  test(title, { timeout: 120_000 }, async () => {
    const { code, records, stderr } = await run(FIXTURE, scenario, { flags: FLAGS });
    assert.strictEqual(code, 0, stderr);
    const [[, count, descriptors, bytes]] = records;
    assert.ok(count >= 1_000, `${count} sockets`);
    assert.strictEqual(descriptors, 0, `${descriptors} descriptors are left of ${count} sockets`);
    assert.ok(bytes < 2 * MEGABYTE, `${(bytes / MEGABYTE).toFixed(2)} MB are left of ${count} sockets`);
  });
}

leaks('10,000 sockets bound and closed', 'bound');
leaks('10,000 sockets that sent, heard and closed', 'busy');
leaks('sockets closed unbound, while binding, connected, and after a failed bind', 'ways');
leaks('sockets closed with sends under way', 'sending');
leaks('buffers of received datagrams are given back', 'received');

test('a socket asks `require` for nothing that another has loaded', { timeout: 60_000 }, async () => {
  const { code, records, stderr } = await run(FIXTURE, 'asked');
  assert.strictEqual(code, 0, stderr);
  const [[, loadsAtFirst, asked]] = records;
  assert.ok(loadsAtFirst, 'what is loaded late is seen to be loaded');
  assert.deepStrictEqual(asked, []);
});

test('a closed socket gives its descriptor back at once, not when it is collected', { timeout: 60_000 }, async () => {
  const { code, records, stderr } = await run(FIXTURE, 'oneByOne');
  assert.strictEqual(code, 0, stderr);
  const [[, most]] = records;
  assert.ok(most <= 8, `${most} descriptors are open at once, of sockets that are opened and closed one after the other`);
});
