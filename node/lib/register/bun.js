'use strict';
// `bun --preload heliogram/register`. Bun's loader asks nobody about its built-in modules but where a require() leads, so
// an import is given what is put into the module's own object. What heliogram stands on is kept before.

const Module = require('node:module');
const { entry, redirects } = require('./hooks.js');
const own = require('../runtime/original-dgram.js');

const heliogram = () => require(entry);

function redirectRequire() {
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, parent) {
    return redirects(request, parent?.filename) ? entry : Reflect.apply(resolve, this, arguments);
  };
}

/** The names are read when the module is first imported, and only then is heliogram loaded. */
function redirectImport() {
  const builtin = process.getBuiltinModule('node:dgram');
  own.dgram = { ...builtin };
  for (const key of Object.keys(builtin)) {
    Object.defineProperty(builtin, key, {
      get: () => heliogram()[key],
      set: (value) => Object.defineProperty(builtin, key, { value, writable: true }),
      configurable: true,
      enumerable: true,
    });
  }
}

/** Children are Buns too, if they are what process.execPath names. */
function inherit(env, file) {
  const flag = `--preload=${file}`;
  if (!(env.BUN_OPTIONS ?? '').includes(flag)) env.BUN_OPTIONS = `${env.BUN_OPTIONS ?? ''} ${flag}`.trim();
}

module.exports = { inherit, redirectImport, redirectRequire };
