// Counting: what one contestant did in the time that is measured. The Rust contestants count in the same way.
import fs from 'node:fs';
import process from 'node:process';

/** A contestant that meets no traffic gives up after so many ms. */
const PATIENCE = 6000;

/** How many datagrams pass between two looks at the clock. */
const STRIDE = 64;

/** One line for the driver, written at once. */
export function say(line) {
  fs.writeSync(1, `${line}\n`);
}

/** Tells the figures, and ends. */
export function tell(figures) {
  say(JSON.stringify(figures));
  process.exit(0);
}

export const MB = 1024 * 1024;

/** The kernel's account of this process's memory, in MB: the same in every runtime. */
export function memory(line) {
  const status = fs.readFileSync('/proc/self/status', 'latin1');
  return Number(new RegExp(`${line}:\\s+(\\d+)`).exec(status)[1]) / 1024;
}

const collect = globalThis.Bun === undefined ? () => globalThis.gc() : () => globalThis.Bun.gc(true);

/** Memory when what nobody holds has gone, in MB: the resident set; and what the engine says is in use, its heap and buffers. */
export function settledMemory() {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return { resident: memory('VmRSS'), used: (heapUsed + external) / MB };
}

function mark(tally) {
  const { user, system } = process.cpuUsage();
  return { clock: performance.now(), cpu: user + system, datagrams: tally.datagrams };
}

export class Tally {
  datagrams = 0;
  digest = 0;
  #warmUp;
  #time;
  #first = 0;
  #start;
  #end;

  constructor(warmUp, time) {
    this.#warmUp = warmUp;
    this.#time = time;
    const given = PATIENCE + time;
    setTimeout(() => { throw new Error(`only ${this.datagrams} datagrams in ${given} ms`); }, given).unref();
  }

  /** One received datagram. Every contestant looks at each, so that none wins by not looking. */
  take(message, size) {
    this.datagrams += 1;
    this.digest += message[0] + size;
  }

  /** Is the time up? Looks at the clock. */
  isOver() {
    if (this.#end !== undefined) return true;
    const now = performance.now();
    if (this.#first === 0) this.#first = now;
    if (this.#start === undefined) {
      if (now - this.#first >= this.#warmUp) this.#start = mark(this);
    } else if (now - this.#start.clock >= this.#time) {
      this.#end = mark(this);
    }
    return this.#end !== undefined;
  }

  /** The same where datagrams come one by one: looks at the clock now and then only. */
  isOverNowAndThen() {
    return this.datagrams % STRIDE === 0 && this.isOver();
  }

  get isWarm() {
    return this.#start !== undefined;
  }

  /** What was done between warm-up and end; CPU time in µs, of the whole process. */
  figures() {
    const [start, end] = [this.#start, this.#end];
    const datagrams = end.datagrams - start.datagrams;
    const cpu = end.cpu - start.cpu;
    return {
      rate: (datagrams / cpu) * 1e6,
      cpu: cpu / datagrams,
      datagrams,
      cpu_seconds: cpu / 1e6,
      seconds: (end.clock - start.clock) / 1000,
      in_all: this.datagrams,
      memory: memory('VmHWM'),
    };
  }
}

/** Of times: what half of them, and 99 % of them, do not exceed. */
export function percentiles(times) {
  times.sort((a, b) => a - b);
  const quantile = (share) => times[Math.floor((times.length - 1) * share)];
  return { p50: quantile(0.5), p99: quantile(0.99) };
}
