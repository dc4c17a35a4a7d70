// Builds what is published of lib/: one file with what every program needs, and one for each rare part, which is loaded
// at its first use. `npm run build`.
import { build } from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(fileURLToPath(import.meta.url));
const lib = path.join(root, 'lib');
const out = path.join(root, 'dist');

/** Characters of a line, about: for an uncaught error Node prints the whole line that threw it. */
const LINE = 100;

/** The rare parts: the beginnings of their files' paths. All other files are in `core`. */
const PARTS = {
  extras: ['extras/', 'dgram/backpressure.js', 'dgram/send-options.js', 'common/cancellation.js'],
  workers: ['extras/workers.js'],
  'worker-thread': ['extras/worker-thread.js'],
  'unix-datagram': ['unix-datagram/'],
  'deno-bun': ['runtime/deno', 'runtime/bun'],
  register: ['register/'],
  fallback: ['fallback/'],
  core: ['', 'extras/prototype.js', 'fallback/index.js', 'runtime/bind-flags.js'],
};

/** What runs at once when its file is loaded, rather than when another file asks for it. */
const PROGRAMS = ['extras/worker-thread.js'];

const files = fs.readdirSync(lib, { recursive: true }).filter((file) => file.endsWith('.js')).map((file) => file.replaceAll('\\', '/'));

/** The part with the longest matching beginning. */
function partOf(file) {
  const matches = Object.entries(PARTS).flatMap(([part, starts]) => starts.filter((start) => file.startsWith(start)).map((start) => [start.length, part]));
  return matches.sort(([a], [b]) => b - a)[0][1];
}

/** A part exports its files by their names, each of which runs when it is asked for. */
function entryOf(part) {
  const own = files.filter((file) => partOf(file) === part);
  const program = own.find((file) => PROGRAMS.includes(file));
  if (program) return `require('./${program}');`;
  const getters = own.map((file) => `get '${file}'() { return require('./${file}'); },`);
  return `module.exports = {\n${getters.join('\n')}\n};`;
}

/** Files of other parts are asked of the built file of their part. */
const linkParts = (part) => ({
  name: 'link-parts',
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, ({ path: file }) => {
      const name = path.relative(lib, file).replaceAll('\\', '/');
      const other = partOf(name);
      if (other === part) return undefined;
      return { contents: `module.exports = require('./${other}.cjs')['${name}'];`, loader: 'js' };
    });
  },
});

/**
 * V8 parses a function without parentheses first only to find its end, and once more when it is called; the functions in it
 * each time as well. Parentheses make it compile the function at once. The places of what follows do not change.
 */
const compileAtOnce = (text) =>
  text
    .replace(/__commonJS\(\{("[^"]+")(?=\([\w, ]*\)\{)/g, (all, name) => '__commonJS((function'.padEnd(all.length))
    .replace(/\}\}\);(?=var require_|\s*module\.exports|\s*require_)/g, '}));')
    .replace(FIRST_METHOD, 'cb'.padEnd(FIRST_METHOD.length));

/** How esbuild calls a file, which is the only method of an object. */
const FIRST_METHOD = 'cb[__getOwnPropNames(cb)[0]]';

/** A file of the bundle, in which each file of lib/ is a function. */
async function bundle(part) {
  const { outputFiles } = await bundled(part);
  for (const { path: file, text } of outputFiles) fs.writeFileSync(file, file.endsWith('.cjs') ? compileAtOnce(text) : text);
}

const bundled = (part) =>
  build({
    stdin: { contents: entryOf(part), resolveDir: lib, sourcefile: `${part}.js` },
    outfile: path.join(out, `${part}.cjs`),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    minifyWhitespace: true,
    lineLimit: LINE,
    write: false,
    sourcemap: 'linked',
    external: Object.keys(PARTS).map((other) => `./${other}.cjs`),
    plugins: [linkParts(part)],
    logLevel: 'warning',
  });

fs.rmSync(out, { recursive: true, force: true });
fs.mkdirSync(out);
await Promise.all(Object.keys(PARTS).map(bundle));
