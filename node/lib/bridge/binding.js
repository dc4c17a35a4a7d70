'use strict';
// Finds the addon: the file that HELIOGRAM_BINARY names, or one in the package's root, where `cargo xtask build` puts it, or
// that of the platform's package, which npm installs as an optional dependency.

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { root } = require('../paths.js');
const { VERSION } = require('./layout.js');

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

/** Adds to Node's error that the permission model (or --no-addons) forbids the addon. */
function addonsForbidden(error) {
  error.message += ' heliogram is an addon: under --permission it needs --allow-addons.';
  return error;
}

/** Whether the runtime forbids addons, which is no question of the machine. */
const isForbidden = ({ code, name }) => code === 'ERR_DLOPEN_DISABLED' || name === 'NotCapable';

/** A binary of another version has other methods and rows. */
function ofThisVersion(loaded) {
  const version = loaded.error ? VERSION : loaded.ThreadSockets?.version?.();
  return version === VERSION ? loaded : { error: new Error(`it is of version ${version ?? 'unknown'}, and the package of ${VERSION}`) };
}

/** The first binary that loads; throws what each place answered where none does. */
function find() {
  const tried = [];
  for (const [place, load] of places()) {
    const loaded = ofThisVersion(load());
    if (!loaded.error) return loaded;
    const { error } = loaded;
    if (error.code === 'ERR_DLOPEN_DISABLED') throw addonsForbidden(error);
    if (isForbidden(error)) throw error; // Deno says what is to be allowed
    tried.push({ place, error });
  }
  throw require('../fallback/reasons.js').noBinary(tried, Object.keys(PACKAGES));
}

let native;

/** The addon's classes. The first call loads them. */
function load() {
  return (native ??= find());
}

/**
 * Loads the addon; the error if no binary fits this machine. Where addons are forbidden, it is the first socket that throws, so
 * that a program without sockets runs.
 */
function missing() {
  try {
    load();
  } catch (error) {
    if (!isForbidden(error)) return error;
  }
  return undefined;
}

module.exports = { load, missing, names };
