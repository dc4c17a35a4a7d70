// Ten seconds of node:dgram beside heliogram, in turns, so that whatever else the machine does hits both.
//
//   node bench/compare.mjs [--json]
//
// Compared is the CPU time of the process, which other processes disturb least; for round trips the time they take.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ROUNDS = 5;
const MILLISECONDS = 250;
const HOST = 'node:dgram';
const OURS = 'heliogram';
const FLAGS = { [HOST]: [], [OURS]: ['--import', 'heliogram/register'] };
const PACKAGE = fileURLToPath(new URL('..', import.meta.url));

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const perCpuSecond = ({ count, cpu }) => (count / cpu) * 1e6;

/** A process in a role, with its port; `ask` lets it measure. */
async function start(role, dgram) {
  const child = fork(new URL('child.mjs', import.meta.url), [role], { cwd: PACKAGE, execArgv: FLAGS[dgram] });
  const answer = () => Promise.race([
    once(child, 'message').then(([value]) => value),
    once(child, 'exit').then(([code, signal]) => { throw new Error(`${role} on ${dgram} ended with ${signal ?? code}`); }),
  ]);
  const { port } = await answer();
  const ask = (order) => {
    child.send(order);
    return answer();
  };
  return { port, ask, stop: () => child.kill('SIGKILL') };
}

const cases = [
  {
    name: 'receive', unit: 'datagrams per CPU second', value: perCpuSecond,
    // The flood is heliogram's in both: one that node:dgram sends would not fill a receiver.
    ends: (dgram) => Promise.all([start('receiver', dgram), start('sender', OURS)]),
    measure: ([receiver, flood], ms) => {
      const flooded = flood.ask({ ms: ms + 50, port: receiver.port });
      return receiver.ask({ ms }).then((result) => flooded.then(() => result));
    },
  },
  {
    name: 'send', unit: 'datagrams per CPU second', value: perCpuSecond,
    ends: (dgram) => Promise.all([start('sender', dgram), start('sink', HOST)]),
    measure: ([sender, sink], ms) => sender.ask({ ms, port: sink.port }),
  },
  {
    name: 'round trip', unit: 'µs', lowerIsBetter: true, value: ({ median: µs }) => µs,
    ends: (dgram) => Promise.all([start('pinger', dgram), start('echo', dgram)]),
    measure: ([pinger, echo], ms) => pinger.ask({ ms, port: echo.port }),
  },
];

/** A bar on a terminal; elsewhere a line when each case begins. */
function progress(total) {
  const { isTTY } = process.stderr;
  let done = 0;
  return {
    begin(name) { if (!isTTY) process.stderr.write(`measuring ${name}\n`); },
    step(name) {
      done += 1;
      const filled = Math.round((done / total) * 30);
      if (isTTY) process.stderr.write(`\r${'█'.repeat(filled)}${'░'.repeat(30 - filled)} ${done}/${total} ${name.padEnd(12)}`);
    },
    end() { if (isTTY) process.stderr.write('\r\x1b[K'); },
  };
}

/** Every round of one case, the two taking turns at being first; the first round warms up and is not counted. */
async function compare({ name, ends, measure, value }, bar) {
  const started = { [HOST]: await ends(HOST), [OURS]: await ends(OURS) };
  const values = { [HOST]: [], [OURS]: [] };
  bar.begin(name);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const dgram of round % 2 ? [HOST, OURS] : [OURS, HOST]) {
      const result = await measure(started[dgram], MILLISECONDS);
      if (round > 0) values[dgram].push(value(result));
      bar.step(name);
    }
  }
  Object.values(started).flat().forEach((end) => end.stop());
  return values;
}

function row({ name, unit, lowerIsBetter }, values) {
  const [host, ours] = [median(values[HOST]), median(values[OURS])];
  const ratio = lowerIsBetter ? host / ours : ours / host;
  return { name, unit, host, ours, ratio, values };
}

function table(rows) {
  const number = (value) => Math.round(value).toLocaleString('en');
  const lines = rows.map(({ name, unit, host, ours, ratio }) => [name, number(host), number(ours), `${ratio.toFixed(2)} x`, unit]);
  const all = [['', HOST, OURS, 'better by', ''], ...lines];
  const widths = all[0].map((_, column) => Math.max(...all.map((line) => line[column].length)));
  const pad = (text, column) => (column === 0 || column === 4 ? text.padEnd(widths[column]) : text.padStart(widths[column]));
  return all.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}

const bar = progress(cases.length * 2 * (ROUNDS + 1));
const rows = [];
for (const one of cases) rows.push(row(one, await compare(one, bar)));
bar.end();
if (process.argv.includes('--json')) console.log(JSON.stringify(rows));
else console.log(`${table(rows)}\nNode ${process.version}, 512 bytes, two processes on this machine, median of ${ROUNDS} rounds.`);
