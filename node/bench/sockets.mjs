// The cost of idle sockets, and of loading the module.
import process from 'node:process';
import { bound, dgramOf } from './roles.mjs';
import { settledMemory, finish } from './tally.mjs';

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** Binds `count` sockets and closes them, twice: memory is measured the first time, CPU time the second, in compiled code. */
export async function idle(job) {
  await bound(job); // so that what is loaded once is not counted
  const { grown } = await lap(job);
  const { time } = await lap(job);
  finish({ socket_memory: (grown * 1024) / job.count, socket_time: time / job.count });
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

/** The times, in ms from the start, at which the module is loaded and the first socket is bound. */
export async function start(job) {
  const begin = performance.now();
  dgramOf(job);
  const loaded = performance.now();
  await bound(job);
  finish({ require: loaded - begin, first: performance.now() - begin });
}
