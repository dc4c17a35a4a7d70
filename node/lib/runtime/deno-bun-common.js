'use strict';
// What Deno and Bun have in common: a poll thread calls, and nothing runs after the call but what we run.

module.exports = (runTicks) => ({
  mayUseNet: () => true,
  queuesSends: false,
  runTicks,
  fromLoop: (callback) => (first, second, third) => {
    callback(first, second, third);
    runTicks();
  },
});
