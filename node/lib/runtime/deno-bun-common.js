'use strict';
// Deno and Bun: the addon's poll thread calls, and ticks and microtasks run after the call only if we run them.

module.exports = (runTicks) => ({
  mayUseNet: () => true,
  hasPrimary: () => true,
  queuesSends: false,
  runTicks,
  fromLoop: (callback) => (first, second, third) => {
    callback(first, second, third);
    runTicks();
  },
});
