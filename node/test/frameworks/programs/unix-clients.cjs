'use strict';
// winston-syslog and hot-shots over heliogram/unix-dgram in the place of npm's unix-dgram. The argument says which. Prints what they
// hear of each message, and how many the reader got.

const { once } = require('node:events');
const fs = require('node:fs');
const Module = require('node:module');
const os = require('node:os');
const path = require('node:path');
const { Worker } = require('node:worker_threads');

const COUNT = 200;
const load = Module._load;
Module._load = function (name, ...others) {
  return Reflect.apply(load, this, [name === 'unix-dgram' ? require.resolve('../../../unix-dgram.js') : name, ...others]);
};

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'heliogram-unix-'));
const file = path.join(folder, 'socket');

/** Each message's outcome. */
function hotShots() {
  const StatsD = require('hot-shots');
  const udsRetryOptions = { retries: 100, retryDelayMs: 5, maxRetryDelayMs: 20 };
  const client = new StatsD({ protocol: 'uds', path: file, maxBufferSize: 0, udsRetryOptions });
  const sent = Array.from({ length: COUNT }, (_, n) => new Promise((resolve) => client.increment(`m${n}`, 1, (error) => resolve(error?.message ?? 'sent'))));
  return Promise.all(sent).finally(() => client.close());
}

function winstonSyslog(protocol) {
  const winston = require('winston');
  const { Syslog } = require('winston-syslog');
  return new Promise((resolve) => {
    const transport = new Syslog({ protocol, path: file });
    const logger = winston.createLogger({ levels: winston.config.syslog.levels, transports: [transport] });
    const outcomes = [];
    let failures = 0;
    const fail = () => failures++;
    transport.on('error', fail);
    logger.on('error', fail);
    transport.on('logged', () => {
      outcomes.push(failures > 0 ? 'congestion' : 'sent');
      failures = 0;
      if (outcomes.length === COUNT) resolve(outcomes);
    });
    for (let n = 0; n < COUNT; n++) logger.info(`m${n}`);
  });
}

const CLIENTS = {
  'hot-shots': hotShots,
  'winston-syslog by path': () => winstonSyslog('unix'),
  'winston-syslog connected': () => winstonSyslog('unix-connect'),
};

(async () => {
  const reader = new Worker(path.join(__dirname, 'slow-reader.cjs'), { workerData: file });
  await once(reader, 'message');
  const outcomes = await CLIENTS[process.argv[2]]();
  await new Promise((resolve) => setTimeout(resolve, 500));
  reader.postMessage('end');
  const [received] = await once(reader, 'message');
  fs.rmSync(folder, { recursive: true });
  console.log(JSON.stringify({ outcomes, received: received.length, different: new Set(received).size }));
  process.exit();
})();
