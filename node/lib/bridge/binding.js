'use strict';
// Finds the addon: in the package's root, where `cargo xtask build` puts it, or in the
// package of this platform, which npm installs as an optional dependency.
//
// On Linux both C libraries are tried rather than one detected: npm installs only the package that fits, and a binary
// of the other library refuses to load, so the order costs nothing and asks no question about the machine.

const fs = require('node:fs');
const path = require('node:path');
const { root } = require('../paths.js');

/** The C libraries (or compilers' ABIs) that a binary of a platform may be built for, likeliest first. */
const ABIS = { linux: ['gnu', 'musl'], win32: ['msvc'] };

/** `linux-x64-gnu`, `darwin-arm64` ...: the names that a binary for this process may have. */
function names(platform = process.platform, arch = process.arch) {
  const base = `${platform}-${arch}`;
  return ABIS[platform]?.map((abi) => `${base}-${abi}`) ?? [base];
}

/** Where a binary of this name may be: a path, or a specifier that Node resolves. */
function places(name) {
  return [path.join(root, `heliogram.${name}.node`), `@heliogram/${name}`];
}

function libc() {
  if (process.platform !== 'linux') return 'of the system';
  if (!process.report) return 'unknown';
  const { excludeNetwork } = process.report;
  process.report.excludeNetwork = true; // else the report asks the resolver for the name of each interface's address
  const { glibcVersionRuntime } = process.report.getReport().header;
  process.report.excludeNetwork = excludeNetwork;
  return glibcVersionRuntime ? `glibc ${glibcVersionRuntime}` : 'not glibc (musl?)';
}

function noBinary(tried) {
  const where = `${process.platform} ${process.arch}, C library ${libc()}, Node-API ${process.versions.napi}`;
  const list = tried.map(({ place, reason }) => `\n  ${place}: ${reason}`).join('');
  const error = new Error(
    `heliogram has no binary that fits this process (${where}). Tried:${list}\n` +
      'If the package manager left out optional dependencies, install them; else build one with `cargo xtask build`.',
  );
  error.code = 'ERR_HELIOGRAM_NO_BINARY';
  return error;
}

/** Adds to Node's error that the permission model (or --no-addons) forbids the addon. */
function addonsForbidden(error) {
  error.message += ' heliogram is an addon: under --permission it needs --allow-addons.';
  return error;
}

function missing(place) {
  return path.isAbsolute(place) && !fs.existsSync(place);
}

/** The first binary that loads; throws what each place answered where none does. */
function find() {
  const tried = [];
  for (const place of names().flatMap(places)) {
    if (missing(place)) {
      tried.push({ place, reason: 'no such file' });
      continue;
    }
    try {
      return require(place);
    } catch (error) {
      if (error.code === 'ERR_DLOPEN_DISABLED') throw addonsForbidden(error);
      if (error.name === 'NotCapable') throw error; // Deno says what is to be allowed
      tried.push({ place, reason: error.code === 'MODULE_NOT_FOUND' ? 'not installed' : error.message.split('\n')[0] });
    }
  }
  throw noBinary(tried);
}

let native;

/** The addon's classes. The first call loads them, so that a program which may not load addons fails only if it makes a socket. */
function load() {
  return (native ??= find());
}

/** Loads the addon if that is possible. If it is not, the first socket throws the reason. */
function preload() {
  try {
    load();
  } catch {} // the first socket's load() throws the same
}

module.exports = { load, names, preload };
