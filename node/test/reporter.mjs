// What `cargo xtask test` reads of a run of the tests: each test's name as it ends, each failure in full, each test that
// could not run with its reason, and a count in the words of `cargo test`.
import { inspect } from 'node:util';

const count = { passed: 0, failed: 0 };

const lines = {
  'test:pass'({ name, skip }) {
    if (skip !== undefined) return `SKIPPED ${name}: ${skip === true ? 'no reason given' : skip}\n`;
    count.passed += 1;
    return `${name}\n`;
  },
  'test:fail'({ name, file, details: { error } }) {
    count.failed += 1;
    return `FAILED ${name} (${file ?? 'no file'})\n${inspect(error.cause ?? error)}\n`;
  },
  'test:stdout': ({ message }) => message,
  'test:stderr': ({ message }) => message,
};

export default async function* report(events) {
  for await (const { type, data } of events) {
    const line = lines[type]?.(data);
    if (line) yield line;
  }
  yield `test result: ${count.failed ? 'FAILED' : 'ok'}. ${count.passed} passed; ${count.failed} failed\n`;
}
