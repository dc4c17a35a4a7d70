// `cargo xtask walk`: receives or sends datagrams one by one, and prints the files of lib/ of which functions run for them after a
// warm-up. Callgrind, which runs this, counts what the addon does meanwhile.
import dgram from 'node:dgram';
import { execFileSync } from 'node:child_process';
import { Session } from 'node:inspector/promises';
import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** How many datagrams the warm-up has, and how many are looked at. */
const WARM_UP = 300;
const COUNTED = 100;

const lib = new URL('../lib/', import.meta.url);
const { createSocket } = createRequire(import.meta.url)(fileURLToPath(new URL('dgram/index.js', lib)));
const callgrind = (...options) => execFileSync('callgrind_control', [...options, String(process.pid)]);

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

/** Bound to the loopback interface, with its port. */
async function bound(socket) {
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { socket, port: socket.address().port };
}

const own = await bound(createSocket('udp4'));
const peer = await bound(dgram.createSocket('udp4'));
const [from, to] = process.argv[2] === 'receive' ? [peer, own] : [own, peer];

/** Each datagram is sent once the one before has been received. */
async function exchange(count) {
  for (let left = count; left > 0; left--) {
    const received = new Promise((resolve) => to.socket.once('message', resolve));
    from.socket.send('a datagram', to.port, '127.0.0.1');
    await received;
  }
}

// A listener that is taken away would end receiving's steady state.
to.socket.on('message', () => {});
await exchange(WARM_UP);
await session.post('Profiler.takePreciseCoverage');
callgrind('-i', 'on');
await exchange(COUNTED);
callgrind('-d');
const { result } = await session.post('Profiler.takePreciseCoverage');
for (const { url, functions } of result) {
  const path = url.startsWith('file:') ? url : pathToFileURL(url).href;
  const hasRun = functions.some(({ ranges: [{ count }] }) => count >= COUNTED);
  if (hasRun && path.startsWith(lib.href)) console.log(fileURLToPath(path));
}
process.exit();
