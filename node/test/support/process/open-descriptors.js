'use strict';
// Descriptors, timers and threads of this process, read from /proc.

const fs = require('node:fs');

/** The number of open descriptors. */
const descriptors = () => fs.readdirSync('/proc/self/fd').length;

/** The number of timers, `timerfd_create(2)`. */
const timers = () => fs.readdirSync('/proc/self/fd').filter((descriptor) => {
  try {
    return fs.readlinkSync(`/proc/self/fd/${descriptor}`) === 'anon_inode:[timerfd]';
  } catch {
    return false; // the descriptor of this directory itself
  }
}).length;

/** Whether the package's poll thread runs: it ends a tenth of a second after the last socket. */
function hasThread() {
  return fs.readdirSync('/proc/self/task').some((task) => {
    try {
      return fs.readFileSync(`/proc/self/task/${task}/comm`, 'utf8') === 'heliogram\n';
    } catch {
      return false; // it has just ended
    }
  });
}

/** Waits until the poll thread has ended and closed its descriptors. */
async function threadsEnded(t) {
  while (hasThread()) await t.until((done) => setTimeout(done, 10));
}

/** Waits until the runtime has opened its own descriptors: Deno opens a pair of sockets for signals half a second after its start. */
async function started(t) {
  while (performance.now() < 1_000) await t.until((done) => setTimeout(done, 10));
}

module.exports = { descriptors, started, threadsEnded, timers };
