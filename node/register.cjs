'use strict';
// `node --require heliogram/register app.js`, `node --import heliogram/register app.mjs`: from here on `dgram` and
// `node:dgram` are heliogram, in this thread and in the threads and processes that it starts. heliogram itself is loaded
// by the first program that asks for it. Deno has the same hooks under `--preload`, Bun others.

const Module = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { entry, redirects, resolve } = require('./lib/register/hooks.js');

const FLAG = 'heliogram/register';
const heliogram = () => require(entry);

/** require(), createRequire() and whatever else ends in the CommonJS loader; `begin` is called at the program's first one. */
function redirectRequire(begin) {
  const load = Module._load;
  Module._load = function (request, parent) {
    begin?.();
    begin = undefined;
    return redirects(request, parent?.filename) ? heliogram() : Reflect.apply(load, this, arguments);
  };
}

/** import and import(). */
function redirectImport() {
  if (Module.registerHooks) return Module.registerHooks({ resolve });
  return Module.register(pathToFileURL(require.resolve('./lib/register/hooks.js'))); // before Node 22.15
}

/** process.getBuiltinModule, which asks no loader. */
function redirectBuiltin() {
  const host = process.getBuiltinModule;
  if (!host) return; // before Node 20.16
  process.getBuiltinModule = function getBuiltinModule(id) {
    return redirects(id) ? heliogram() : Reflect.apply(host, this, arguments);
  };
}

/** The flag's value where the name of the package means nothing: a child may start in another directory. */
function absolute(flag, name) {
  if (name !== FLAG) return name;
  return flag === '--import' ? pathToFileURL(path.join(__dirname, 'register.mjs')).href : __filename;
}

/** Forks and threads repeat `process.execArgv` unless they are given arguments of their own. */
function inheritByArguments(args) {
  for (const [at, arg] of args.entries()) {
    const [flag, name] = arg.split('=');
    args[at] = name === FLAG ? `${flag}=${absolute(flag, name)}` : absolute(args[at - 1], arg);
  }
}

/** Children and threads with arguments of their own, and programs that called for this file themselves, pass it on by NODE_OPTIONS. */
function inheritByEnvironment(env) {
  const quoted = JSON.stringify(__filename); // NODE_OPTIONS reads double quotes and backslashes as JSON does
  const options = (env.NODE_OPTIONS ?? '').replace(/(--import|--require|-r)[ =]heliogram\/register(?= |$)/g, '');
  if (!options.includes(quoted)) env.NODE_OPTIONS = `${options} --require ${quoted}`.trim();
}

if (process.versions.bun) {
  const bun = require('./lib/register/bun.js');
  bun.redirectRequire();
  bun.redirectImport();
  bun.inherit(process.env, __filename);
} else {
  redirectRequire(process.versions.deno && require('./lib/register/deno.js').letGoOfChannel());
  redirectImport();
  inheritByArguments(process.execArgv);
  inheritByEnvironment(process.env);
}
redirectBuiltin();
