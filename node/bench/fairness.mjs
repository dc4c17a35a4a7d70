// How long a timer and a quiet socket wait beside a flooded socket whose listener works on each message.
import { announce, bound } from './roles.mjs';
import { finish } from './tally.mjs';

/** The work for one message, and the timer's interval, in ms. */
const WORK = 0.05;
const INTERVAL = 10;

function work(milliseconds) {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** A socket that gets a datagram now and then. Returns a function for the most turns of the loop from a send to its receipt. */
async function quietSocket(job) {
  let [turn, sentIn, sentAt, most, heard] = [0, 0, 0, 0, true];
  const socket = await bound(job, () => {
    most = Math.max(most, turn - sentIn);
    heard = true;
  });
  const sender = await bound(job);
  const { port } = socket.address();
  const ask = () => {
    [heard, sentIn, sentAt] = [false, turn, performance.now()];
    sender.send('anybody?', port, '127.0.0.1');
  };
  const nextTurn = () => {
    turn += 1;
    if (heard && performance.now() - sentAt > INTERVAL) ask();
    setImmediate(nextTurn);
  };
  nextTurn();
  return () => (heard ? most : Math.max(most, turn - sentIn));
}

export async function fairness(job, tally) {
  const turns = await quietSocket(job);
  let [ticks, start] = [0, 0];
  setInterval(() => { ticks += 1; }, INTERVAL);
  announce(await bound(job, (message, rinfo) => {
    work(WORK);
    tally.take(message, rinfo.size);
    if (!tally.isOver()) {
      if (!tally.isWarm) [ticks, start] = [0, performance.now()];
      return;
    }
    const kept = ticks / ((performance.now() - start) / INTERVAL);
    finish({ ...tally.figures(), ticks: kept, turns: turns() });
  }));
}
