// Counts what one contestant does in the measured time. The Rust contestants count in the same way.
import fs from 'node:fs';
import process from 'node:process';

/** A contestant without enough traffic fails after this many ms more than the measured time. */
const PATIENCE = 6000;

/** Datagrams between two readings of the clock. */
const STRIDE = 64;

/** Writes one line for the driver, synchronously. */
export function say(line) {
  fs.writeSync(1, `${line}\n`);
}

/** Prints the figures, and ends the process. */
export function finish(figures) {
  say(JSON.stringify(figures));
  process.exit(0);
}

export const MB = 1024 * 1024;

/** A line of this process's memory in /proc, in MB: comparable between runtimes. */
export function memory(line) {
  const status = fs.readFileSync('/proc/self/status', 'latin1');
  return Number(new RegExp(`${line}:\\s+(\\d+)`).exec(status)[1]) / 1024;
}

const collect = globalThis.Bun === undefined ? () => globalThis.gc() : () => globalThis.Bun.gc(true);

/** Memory after garbage collection, in MB: the resident set, and the engine's heap and external buffers in use. */
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

  /** Counts a received datagram. Every contestant reads a byte of each, so that none gains by not touching the bytes. */
  take(message, size) {
    this.datagrams += 1;
    this.digest += message[0] + size;
  }

  /** Reads the clock; returns whether the measured time is over. */
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

  /** The same for datagrams that come one by one: reads the clock only once in STRIDE datagrams. */
  isOverNowAndThen() {
    return this.datagrams % STRIDE === 0 && this.isOver();
  }

  get isWarm() {
    return this.#start !== undefined;
  }

  /** The figures between warm-up and end. CPU time is that of the whole process, in µs. */
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

/** The median and the 99th percentile. Sorts its argument. */
export function percentiles(times) {
  times.sort((a, b) => a - b);
  const quantile = (share) => times[Math.floor((times.length - 1) * share)];
  return { p50: quantile(0.5), p99: quantile(0.99) };
}

/** Takes datagrams that carry their number, until the time is over. Numbers missing between the first and the last were lost. */
export function takeNumbered(tally) {
  let [first, last, count] = [Infinity, 0, 0];
  return (message) => {
    tally.take(message, message.length);
    if (tally.isWarm) {
      const number = message.readUInt32LE(0);
      first = Math.min(first, number);
      last = Math.max(last, number);
      count += 1;
    }
    if (tally.isOverNowAndThen()) finish({ ...tally.figures(), loss: 1 - count / (last - first + 1) });
  };
}
