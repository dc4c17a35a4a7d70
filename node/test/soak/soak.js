'use strict';
// Mixed traffic over the loopback interface: soak.js SECONDS [CORES]. Window after window of one kind of traffic; each ends when all
// that it sent has been received, byte by byte, and fails if that takes too long. So much is sent at once as a receive buffer has
// room for: what is missing has been lost by the package. Pauses keep the load below so many cores. Memory and descriptors may
// not grow from the second third of the time to the last.

const dgram = require('../../index.js');
const { descriptors } = require('../support/process/open-descriptors.js');
const { Flow } = require('./flow.js');

const seconds = Number(process.argv[2] ?? 3);
const cores = Number(process.argv[3] ?? 0.5);

const GROUP = '239.66.77.91';
const LENGTHS = [0, 1, 7, 64, 512, 1200, 1400, 1472, 9_000, 30_000, 65_507];

/** How many datagrams of that length are sent at once. */
const burst = (length) => Math.max(1, Math.min(64, Math.floor(100_000 / (length + 700))));
const equal = (length) => Array(burst(length)).fill(length);
const varied = (n) => Array.from({ length: 16 }, (_, k) => (k * 97 + n * 13) % 1_400);

/** The sockets of each kind of traffic; all but those of `reopened` live as long as the process. */
const FLOWS = {
  single: { type: 'udp4' },
  connected: { type: 'udp6', connects: true },
  batched: { type: 'udp4' },
  many: { type: 'udp4', event: 'messages', connects: true },
  pooled: { type: 'udp4', options: { pooledBuffers: true } },
  coalescing: { type: 'udp4', options: { receiveCoalescing: 200 } },
  group: { type: 'udp4', group: GROUP },
  reopened: { type: 'udp4' },
};

/** What a window of each kind does. */
const WINDOWS = {
  single: (flow, n) => flow.oneByOne([LENGTHS[n % LENGTHS.length]]),
  connected: (flow, n) => flow.together(equal(LENGTHS[n % LENGTHS.length])),
  batched: (flow, n) => flow.together(n % 2 ? varied(n) : equal(LENGTHS[n % LENGTHS.length])),
  many: (flow, n) => flow.many(n % 3 ? equal(LENGTHS[n % LENGTHS.length]) : varied(n)),
  pooled: (flow, n) => flow.together(varied(n)),
  coalescing: (flow, n) => flow.together(equal(LENGTHS[n % LENGTHS.length])),
  group: (flow, n) => flow.together(varied(n).slice(0, 8)),
  async reopened(flow, n) {
    await flow.close();
    await flow.open();
    await flow.together(varied(n));
  },
};

/** Pauses until the process has used no more than its share of a core. */
async function pace(start) {
  const used = process.cpuUsage();
  const busy = (used.user + used.system) / 1_000;
  const wait = busy / cores - (performance.now() - start);
  if (wait > 1) await new Promise((resolve) => setTimeout(resolve, Math.min(wait, 1_000)));
}

/** What must not grow, at this moment. */
function sample(start) {
  global.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { at: (performance.now() - start) / 1_000, rss: rss / 2 ** 20, heap: (heapUsed + external) / 2 ** 20, descriptors: descriptors() };
}

/** The growth from the second third of the samples to the last: of the least memory of the process and of JavaScript in MB, and of the most descriptors. */
function growth(samples) {
  const third = (n) => samples.filter(({ at }) => at >= n * seconds / 3 && at < (n + 1) * seconds / 3);
  const [middle, last] = [third(1), third(2)];
  if (middle.length === 0 || last.length === 0) return { memory: 0, heap: 0, descriptors: 0 }; // a short run on a machine that stood still
  const least = (some, what) => Math.min(...some.map((one) => one[what]));
  const most = (some) => Math.max(...some.map((one) => one.descriptors));
  const grown = (what) => least(last, what) - least(middle, what);
  return { memory: grown('rss'), heap: grown('heap'), descriptors: most(last) - most(middle) };
}

/**
 * In MB, and descriptors. In a run of seconds an engine still compiles, and its heap grows. Deno gives memory back to the system
 * late, and after a burst keeps some 100 MB for minutes while its heap is as small as before.
 */
const LIMIT = { memory: process.versions.deno ? 160 : 8, heap: 8, descriptors: 0 };
if (seconds < 60) Object.assign(LIMIT, { memory: 160, heap: 32, descriptors: 2 }); // and a runtime opens its own late

async function run() {
  const [start, samples] = [performance.now(), []];
  const kinds = Object.keys(WINDOWS);
  const flows = {};
  for (const kind of kinds) await (flows[kind] = new Flow(dgram, FLOWS[kind])).open();
  const elapsed = () => (performance.now() - start) / 1_000;
  const received = () => Object.values(flows).reduce((sum, flow) => sum + flow.received, 0);
  let [reported, taken] = [0, 0];
  for (let n = 0; elapsed() < seconds; n++) {
    const kind = kinds[n % kinds.length];
    await WINDOWS[kind](flows[kind], Math.floor(n / kinds.length));
    await pace(start);
    if (elapsed() - taken < Math.min(1, seconds / 30)) continue;
    taken = elapsed();
    samples.push(sample(start));
    if (taken - reported < seconds / 10) continue;
    reported = taken;
    const { rss, descriptors: open } = samples.at(-1);
    console.log(`${taken.toFixed(0)} s: ${received()} datagrams, ${rss.toFixed(1)} MB, ${open} descriptors`);
  }
  const grown = growth(samples);
  const used = process.cpuUsage();
  for (const flow of Object.values(flows)) await flow.close();
  console.log(`${received()} datagrams in ${elapsed().toFixed(0)} s, none lost or changed; growth ${grown.memory.toFixed(2)} MB, `
    + `${grown.heap.toFixed(2)} MB of JavaScript's, ${grown.descriptors} descriptors; ${((used.user + used.system) / 1e6 / elapsed()).toFixed(3)} cores`);
  for (const [what, limit] of Object.entries(LIMIT)) {
    if (!(grown[what] <= limit)) throw new Error(`${what} grew by ${grown[what]}, more than ${limit}`);
  }
}

run().catch((error) => {
  console.error(error);
  process.exit(1);
});
