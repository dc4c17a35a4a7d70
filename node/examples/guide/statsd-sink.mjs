// A statsd sink: adds up counters, keeps gauges, and prints a report at intervals.
//
//   node statsd-sink.mjs [port] [seconds between reports]

import process from 'node:process';
import { createSocket } from 'heliogram';

const [port = 8125, seconds = 10] = process.argv.slice(2).map(Number);
const counters = new Map();
const gauges = new Map();

// Clients send in bursts. The buffer holds what arrives while this process does something else.
const sink = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });

sink.on('message', (message) => {
  for (const line of String(message).split('\n')) count(line);
});

/** `name:value|type`, or `name:value|type|@rate` for a counter of which only a share is sent. */
function count(line) {
  const [, name, value, type, rate = '1'] = /^([^:]+):([-\d.]+)\|(c|g)(?:\|@([\d.]+))?$/.exec(line) ?? [];
  if (type === 'c') counters.set(name, (counters.get(name) ?? 0) + Number(value) / Number(rate));
  if (type === 'g') gauges.set(name, Number(value));
}

function report() {
  for (const [name, value] of [...counters, ...gauges]) console.log(`${name} ${value}`);
  const { datagramsIn, dropped = 0 } = sink.stats();
  console.log(`${datagramsIn} datagrams, ${dropped} dropped`);
  counters.clear();
}

sink.bind(port, () => console.log(`listening on ${sink.address().port}`));
const timer = setInterval(report, seconds * 1_000);

process.once('SIGTERM', () => {
  clearInterval(timer);
  report();
  sink.close();
});
