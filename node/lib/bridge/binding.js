'use strict';
// Finds the addon: the file that HELIOGRAM_BINARY names, or one in the package's root, where `cargo xtask build` puts it, or
// that of the platform's package, which npm installs as an optional dependency.

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { root } = require('../paths.js');

/**
 * The packages of the platforms. Each `require` names its package literally, so that bundlers find the binary and take it
 * along. On Linux both C libraries are tried rather than one detected: npm installs only the package that fits, and a
 * binary of the other library refuses to load.
 */
const PACKAGES = {
  'linux-x64-gnu'() { try { return require('@heliogram/linux-x64-gnu'); } catch (error) { return { error }; } },
  'linux-x64-musl'() { try { return require('@heliogram/linux-x64-musl'); } catch (error) { return { error }; } },
  'linux-arm64-gnu'() { try { return require('@heliogram/linux-arm64-gnu'); } catch (error) { return { error }; } },
  'linux-arm64-musl'() { try { return require('@heliogram/linux-arm64-musl'); } catch (error) { return { error }; } },
  'linux-arm-gnu'() { try { return require('@heliogram/linux-arm-gnu'); } catch (error) { return { error }; } },
  'linux-riscv64-gnu'() { try { return require('@heliogram/linux-riscv64-gnu'); } catch (error) { return { error }; } },
  'linux-s390x-gnu'() { try { return require('@heliogram/linux-s390x-gnu'); } catch (error) { return { error }; } },
  'linux-ppc64-gnu'() { try { return require('@heliogram/linux-ppc64-gnu'); } catch (error) { return { error }; } },
  'darwin-x64'() { try { return require('@heliogram/darwin-x64'); } catch (error) { return { error }; } },
  'darwin-arm64'() { try { return require('@heliogram/darwin-arm64'); } catch (error) { return { error }; } },
  'freebsd-x64'() { try { return require('@heliogram/freebsd-x64'); } catch (error) { return { error }; } },
  'win32-x64-msvc'() { try { return require('@heliogram/win32-x64-msvc'); } catch (error) { return { error }; } },
  'win32-arm64-msvc'() { try { return require('@heliogram/win32-arm64-msvc'); } catch (error) { return { error }; } },
};

/** The platforms whose binary may fit this process, likeliest first. */
function names(platform = process.platform, arch = process.arch) {
  return Object.keys(PACKAGES).filter((name) => name === `${platform}-${arch}` || name.startsWith(`${platform}-${arch}-`));
}

/** Bundlers resolve `require(file)` when they build; this one is the runtime's. */
function requireFile(file) {
  if (!path.isAbsolute(file) || !fs.existsSync(file)) return { error: new Error('no such file') };
  try {
    return createRequire(file)(file);
  } catch (error) {
    return { error };
  }
}

/** Where the binary may be, each with a function that loads it or returns the error. */
function places() {
  const named = process.env.HELIOGRAM_BINARY;
  if (named) return [[named, () => requireFile(path.resolve(named))]];
  return names().flatMap((name) => {
    const file = path.join(root, `heliogram.${name}.node`);
    return [[file, () => requireFile(file)], [`@heliogram/${name}`, PACKAGES[name]]];
  });
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
      'If the package manager left out optional dependencies, install them. In a bundle, keep heliogram external, or name the\n' +
      'binary in HELIOGRAM_BINARY. Else build one with `cargo xtask build`.',
  );
  error.code = 'ERR_HELIOGRAM_NO_BINARY';
  return error;
}

/** Adds to Node's error that the permission model (or --no-addons) forbids the addon. */
function addonsForbidden(error) {
  error.message += ' heliogram is an addon: under --permission it needs --allow-addons.';
  return error;
}

/** The first binary that loads; throws what each place answered where none does. */
function find() {
  const tried = [];
  for (const [place, load] of places()) {
    const loaded = load();
    if (!loaded.error) return loaded;
    const { error } = loaded;
    if (error.code === 'ERR_DLOPEN_DISABLED') throw addonsForbidden(error);
    if (error.name === 'NotCapable') throw error; // Deno says what is to be allowed
    tried.push({ place, reason: error.code === 'MODULE_NOT_FOUND' ? 'not installed' : error.message.split('\n')[0] });
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
