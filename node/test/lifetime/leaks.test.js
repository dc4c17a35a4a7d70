'use strict';
// Ten thousand sockets opened and closed leave nothing behind: no descriptor, and less than 2 MB.

const assert = require('node:assert');
const path = require('node:path');
const test = require('node:test');
const { run } = require('../support/process/child.js');

// A young generation of fixed size, so that its growth does not count as a leak.
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
leaks('10,000 sockets that sent, received and closed', 'busy');
leaks('sockets closed unbound, while binding, connected, and after a failed bind', 'lifecycles');
leaks('sockets closed with sends under way', 'sending');
leaks('buffers of received datagrams are freed', 'received');

test('a second socket calls `require` for nothing', { timeout: 60_000 }, async () => {
  const { code, records, stderr } = await run(FIXTURE, 'asked');
  assert.strictEqual(code, 0, stderr);
  const [[, loadsAtFirst, asked]] = records;
  assert.ok(loadsAtFirst, 'the first socket loads modules');
  assert.deepStrictEqual(asked, []);
});

test('close releases the descriptor at once, not at garbage collection', { timeout: 60_000 }, async () => {
  const { code, records, stderr } = await run(FIXTURE, 'oneByOne');
  assert.strictEqual(code, 0, stderr);
  const [[, most]] = records;
  assert.ok(most <= 8, `${most} descriptors are open at once, of sockets that are opened and closed one after the other`);
});
