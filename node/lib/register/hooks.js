'use strict';
// Which requests for `dgram` get heliogram: the same for require() and for import.

const path = require('node:path');
const { fileURLToPath, pathToFileURL } = require('node:url');

const root = path.join(__dirname, '..', '..');
/** heliogram stands on the host's own dgram, so these files, and no others, still get it. */
const own = [path.join(root, 'lib') + path.sep, path.join(root, 'index.')];

/** The CommonJS entry, and the module that stands in for an imported `node:dgram`. */
exports.entry = path.join(root, 'index.js');
const facade = pathToFileURL(path.join(root, 'index.mjs')).href;

const isDgram = (specifier) => specifier === 'dgram' || specifier === 'node:dgram';
const isOwn = (file) => typeof file === 'string' && own.some((prefix) => file.startsWith(prefix));

exports.redirects = (specifier, file) => isDgram(specifier) && !isOwn(file);

/** A `resolve` hook of Node's module customization: as it is for `registerHooks`, and in the hooks' thread for `register`. */
exports.resolve = function resolve(specifier, context, next) {
  const { parentURL } = context;
  const file = parentURL?.startsWith('file:') ? fileURLToPath(parentURL) : undefined;
  if (!exports.redirects(specifier, file)) return next(specifier, context);
  return { url: facade, format: 'module', shortCircuit: true };
};
