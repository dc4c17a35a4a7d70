'use strict';
// What this process has open, by /proc.

const fs = require('node:fs');

/** How many descriptors are open. */
const descriptors = () => fs.readdirSync('/proc/self/fd').length;

/** How many timers are open that a loop watches, `timerfd_create(2)`. */
const timers = () => fs.readdirSync('/proc/self/fd').filter((descriptor) => {
  try {
    return fs.readlinkSync(`/proc/self/fd/${descriptor}`) === 'anon_inode:[timerfd]';
  } catch {
    return false; // the one that the directory was read by
  }
}).length;

/** Whether a thread of the package is left: where it has one, it ends a tenth of a second after the last socket. */
function hasThread() {
  return fs.readdirSync('/proc/self/task').some((task) => {
    try {
      return fs.readFileSync(`/proc/self/task/${task}/comm`, 'utf8') === 'heliogram\n';
    } catch {
      return false; // it has just ended
    }
  });
}

/** Waits until no thread of the package is left, and with it none of its descriptors. */
async function threadsEnded(t) {
  while (hasThread()) await t.until((done) => setTimeout(done, 10));
}

/**
 * Waits until what the runtime opens by itself is open: Deno makes a pair of sockets, for signals, half a second after it has
 * started.
 */
async function started(t) {
  while (performance.now() < 1_000) await t.until((done) => setTimeout(done, 10));
}

module.exports = { descriptors, started, threadsEnded, timers };
