// What sockets cost that do nothing, and the module itself.
import process from 'node:process';
import { bound, dgramOf } from './roles.mjs';
import { settledMemory, tell } from './tally.mjs';

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** Binds so many sockets and closes them again; one before, so that what is loaded once is not counted. */
export async function idle(job) {
  await bound(job);
  const [memoryBefore, cpuBefore] = [settledMemory().resident, cpu()];
  const sockets = [];
  for (let i = 0; i < job.count; i++) sockets.push(await bound(job, () => {}));
  const cpuBound = cpu();
  const grown = settledMemory().resident - memoryBefore;
  const cpuSettled = cpu();
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.close(resolve))));
  const time = cpuBound - cpuBefore + cpu() - cpuSettled;
  tell({ socket_memory: (grown * 1024) / job.count, socket_time: time / job.count });
}

/** How long the module takes to load, and from there to a bound socket. */
export async function start(job) {
  const begin = performance.now();
  dgramOf(job);
  const loaded = performance.now();
  await bound(job);
  tell({ require: loaded - begin, first: performance.now() - begin });
}
