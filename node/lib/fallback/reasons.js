'use strict';
// The errors of a process that has no sockets of heliogram's, and what can be done about them.

const fs = require('node:fs');
const { HeliogramError } = require('../common/heliogram-error.js');
const process = require('../runtime/process.js');

function unsupported() {
  const { deno, bun, node } = process.versions;
  const running = (deno && `Deno ${deno}`) ?? (bun && `Bun ${bun}`) ?? `Node ${node}`;
  return new HeliogramError('ERR_HELIOGRAM_NOT_SUPPORTED', `heliogram needs Node 22, Deno 2.8 or Bun 1.2.23, or later; this is ${running}.`);
}

/** The same error for a part of heliogram, or a feature. */
const because = (reason, what) => new HeliogramError(reason.code, `${what} ${reason.message}`);

/** `glibc` or `musl`, whichever this process runs on; undefined where that is neither, or may not be read. */
function libc() {
  if (process.platform !== 'linux') return undefined;
  try {
    const maps = fs.readFileSync('/proc/self/maps', 'latin1');
    if (/\/(ld-musl|libc\.musl)-/.test(maps)) return 'musl';
    return /\/libc[.-][\d.]*so/.test(maps) ? 'glibc' : undefined;
  } catch {
    return undefined;
  }
}

/** What the loader's words mean, or the first line of them. */
function inWords({ code, message }) {
  if (code === 'MODULE_NOT_FOUND') return 'not installed';
  const needed = /version [`'"]?GLIBC_([\d.]+)['"]? not found/.exec(message);
  if (needed) return `the system's C library is too old: it needs glibc ${needed[1]} or later`;
  if (/ld-linux|GLIBC_|__\w+_chk: symbol not found|libc\.so\.6/.test(message)) return 'it needs glibc, and the system has another C library (musl?)';
  if (/ld-musl|libc\.musl/.test(message)) return 'it needs musl, and the system has another C library';
  return message.split('\n')[0];
}

/** The arguments by which npm installs the binary of another machine than its own. */
function npmArguments(library) {
  const ofLibrary = library === undefined ? '' : ` --libc=${library}`;
  return `--os=${process.platform} --cpu=${process.arch}${ofLibrary}`;
}

/** A file that is named is the only place that is looked at. */
const named = () => (process.env.HELIOGRAM_BINARY ? 'HELIOGRAM_BINARY names this file: correct or unset it.\n' : '');

/** `tried`: places with the error of each; `names`: the platforms that have binaries. */
function noBinary(tried, names) {
  const library = libc();
  const machine = [process.platform, process.arch, ...(library ? [library] : [])].join(' ');
  const list = tried.map(({ place, error }) => `\n  ${place}: ${inWords(error)}`).join('');
  return new HeliogramError(
    'ERR_HELIOGRAM_NO_BINARY',
    `heliogram has no binary for this machine (${machine}). Looked for:${list || ' nothing, as there is none for it'}\n` +
      named() +
      'The binary is an optional dependency: `npm install --include=optional heliogram` installs it, and\n' +
      `\`npm install ${npmArguments(library)} heliogram\` does so on another machine, for this one. In a bundle, keep heliogram\n` +
      `external, or name the file in HELIOGRAM_BINARY. Binaries exist for ${names.join(', ')}.`,
  );
}

module.exports = { because, noBinary, unsupported };
