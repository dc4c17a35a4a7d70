// What sockets cost that do nothing, and the module itself.
import process from 'node:process';
import { bound, dgramOf } from './roles.mjs';
import { settledMemory, tell } from './tally.mjs';

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** Binds so many sockets, closes them again, and does so once more: what they take the first time, and how long it takes in compiled code. */
export async function idle(job) {
  await bound(job); // what is loaded once is not counted
  const { grown } = await lap(job);
  const { time } = await lap(job);
  tell({ socket_memory: (grown * 1024) / job.count, socket_time: time / job.count });
}

async function lap(job) {
  const [memoryBefore, cpuBefore] = [settledMemory().resident, cpu()];
  const sockets = [];
  for (let i = 0; i < job.count; i++) sockets.push(await bound(job, () => {}));
  const cpuBound = cpu();
  const grown = settledMemory().resident - memoryBefore;
  const cpuSettled = cpu();
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.close(resolve))));
  return { grown, time: cpuBound - cpuBefore + cpu() - cpuSettled };
}

/** How long the module takes to load, and from there to a bound socket. */
export async function start(job) {
  const begin = performance.now();
  dgramOf(job);
  const loaded = performance.now();
  await bound(job);
  tell({ require: loaded - begin, first: performance.now() - begin });
}
