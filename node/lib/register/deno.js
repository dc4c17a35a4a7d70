'use strict';
// What heliogram/register needs in Deno beside a changed builtin.

const Module = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { root } = require('../paths.js');

const IPC_EVENTS = ['message', 'internalMessage'];

/** Named imports do not see the changed builtin: an import gets the package's module. */
function redirectImports() {
  const url = pathToFileURL(path.join(root, 'index.mjs')).href;
  Module.registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== 'dgram' && specifier !== 'node:dgram') return next(specifier, context);
      return { url, format: 'module', shortCircuit: true };
    },
  });
}

/** Calls `begin` at the first require() of the program. */
function onceRequired(begin) {
  const load = Module._load;
  Module._load = function () {
    Module._load = load;
    begin();
    return Reflect.apply(load, this, arguments);
  };
}

/**
 * Deno runs the loop until it is empty between a preload and the program. In a cluster worker the channel to the primary
 * would keep it for ever: it is unreferenced until the program begins.
 */
function unreferenceChannel() {
  if (process.send === undefined) return; // in worker threads `channel` throws
  const isReferenced = process.channel && IPC_EVENTS.some((event) => process.listenerCount(event) > 0);
  if (!isReferenced) return;
  process.channel.unref();
  onceRequired(() => process.channel?.ref());
}

function complete() {
  redirectImports();
  unreferenceChannel();
}

module.exports = { complete };
