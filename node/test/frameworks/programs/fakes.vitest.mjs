import { createRequire } from 'node:module';
import { afterEach, describe, expect, test, vi } from 'vitest';
import shared from './exchange.cjs';

const require = createRequire(import.meta.url);

afterEach(() => vi.useRealTimers());

describe.each(['node:dgram', '../../../index.js'])('%s', (name) => {
  test('loaded after the fakes are set', async () => {
    vi.useFakeTimers();
    expect(await shared.exchange(require(name))).toEqual(shared.expected);
  });

  test('loaded before them', async () => {
    const dgram = require(name);
    vi.useFakeTimers();
    expect(await shared.exchange(dgram)).toEqual(shared.expected);
  });
});
