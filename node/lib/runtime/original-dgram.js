'use strict';
// The runtime's own dgram. heliogram/register changes the builtin's object, and keeps the originals there under a registered
// symbol, so that every copy of heliogram in the thread finds them.

const builtin = require('node:dgram');

const kOriginals = Symbol.for('heliogram.originals');

const dgram = builtin[kOriginals] ?? Object.freeze({ ...builtin });

/** Puts these in the place of the runtime's own, unless a copy of heliogram has done so. */
function replace(ours) {
  if (builtin[kOriginals] !== undefined) return;
  try {
    Object.defineProperty(builtin, kOriginals, { value: dgram });
    Object.assign(builtin, ours);
  } catch (cause) {
    throw new Error('heliogram/register cannot replace node:dgram: its object is not writable in this process', { cause });
  }
}

module.exports = { builtin, dgram, replace };
