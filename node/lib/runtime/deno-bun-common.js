'use strict';
// Deno and Bun: the addon's poll thread starts the call, so that ticks and microtasks follow only if the package runs them.

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
