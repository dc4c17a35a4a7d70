'use strict';
// Deno waits between a preload and the program until the loop has nothing left to wait for. In a cluster worker that would
// be for ever, because its channel to the primary is referenced.

const LISTENERS = ['message', 'internalMessage'];

/** Lets go of the channel; the function that takes it back is to be called when the program begins. */
function letGoOfChannel() {
  const { channel } = process;
  const isHeld = channel && LISTENERS.some((event) => process.listenerCount(event) > 0);
  if (!isHeld) return undefined;
  channel.unref();
  return () => process.channel?.ref();
}

module.exports = { letGoOfChannel };
