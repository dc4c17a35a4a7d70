'use strict';
// The host's dgram in the place of heliogram's. It refuses by name what it cannot do, rather than ignore it.

const { getEnvironmentData, setEnvironmentData } = require('node:worker_threads');
const { dgram } = require('../runtime/original-dgram.js');
const process = require('../runtime/process.js');
const { because } = require('./reasons.js');

const WARNED = 'heliogram.fallback';

/** Options of heliogram's own that change what a program sees. Those that only save time are ignored. */
const REFUSED = ['writableHighWaterMark', 'maxSendQueueSize', 'maxSendQueueCount', 'socketOptions'];

/** In the first thread that comes here, and not in those that it starts. */
function warnOnce(reason) {
  if (getEnvironmentData(WARNED)) return;
  setEnvironmentData(WARNED, true);
  const advice = 'Sockets are node:dgram\'s own. HELIOGRAM_FALLBACK=0 makes this an error.';
  process.emitWarning(`${reason.message}\n${advice}`, { code: reason.code.replace('ERR_', '') });
}

function refuse(type, reason) {
  const given = type !== null && typeof type === 'object' ? type : { type };
  if (given.type === 'unix_dgram') throw because(reason, "The socket type 'unix_dgram' is heliogram's own.");
  const name = REFUSED.find((option) => given[option] !== undefined);
  if (name !== undefined) throw because(reason, `The option '${name}' of createSocket() is heliogram's own.`);
}

function hostModule(reason) {
  if (process.env.HELIOGRAM_FALLBACK === '0') throw reason;
  warnOnce(reason);
  function createSocket(type, listener) {
    refuse(type, reason);
    return dgram.createSocket(type, listener);
  }
  return { ...dgram, createSocket };
}

module.exports = { hostModule };
