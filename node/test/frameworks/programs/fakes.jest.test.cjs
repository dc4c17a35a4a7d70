'use strict';
/* global afterEach, describe, expect, jest, test */
const { exchange, expected } = require('./exchange.cjs');

afterEach(() => jest.useRealTimers());

describe.each(['node:dgram', '../../../index.js'])('%s', (name) => {
  test('loaded before the fakes are set', async () => {
    const dgram = require(name);
    jest.useFakeTimers();
    expect(await exchange(dgram)).toEqual(expected);
  });

  test('loaded after them', async () => {
    jest.useFakeTimers();
    jest.resetModules();
    expect(await exchange(require(name))).toEqual(expected);
  });
});
