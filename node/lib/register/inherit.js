'use strict';
// heliogram/register in the threads and processes that this one starts.

const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { root } = require('../paths.js');

const FLAG = 'heliogram/register';
const file = path.join(root, 'register.cjs');

/** The value of `--import` or `--require` as a path, since a child may start in another directory. */
function absolute(flag, name) {
  if (name !== FLAG) return name;
  return flag === '--import' ? pathToFileURL(path.join(root, 'register.mjs')).href : file;
}

/** Forks and threads repeat `process.execArgv` unless they are given arguments of their own. */
function byArguments(args) {
  for (const [at, arg] of args.entries()) {
    const [flag, name] = arg.split('=');
    args[at] = name === FLAG ? `${flag}=${absolute(flag, name)}` : absolute(args[at - 1], arg);
  }
}

/** For children with arguments of their own, and if the program has called `register` itself. */
function byNodeOptions(env) {
  const quoted = JSON.stringify(file); // NODE_OPTIONS reads double quotes and backslashes as JSON does
  const options = (env.NODE_OPTIONS ?? '').replace(/(--import|--require|-r)[ =]heliogram\/register(?= |$)/g, '');
  if (!options.includes(quoted)) env.NODE_OPTIONS = `${options} --require ${quoted}`.trim();
}

/** Children are Buns too, if they are what process.execPath names. */
function byBunOptions(env) {
  const flag = `--preload=${file}`;
  if (!(env.BUN_OPTIONS ?? '').includes(flag)) env.BUN_OPTIONS = `${env.BUN_OPTIONS ?? ''} ${flag}`.trim();
}

module.exports = { byArguments, byBunOptions, byNodeOptions };
