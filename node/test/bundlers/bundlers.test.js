'use strict';
// What bundlers make of a program with heliogram runs when it is copied to another folder. `dist` has what a tool wrote, and
// beside it lies only what docs/node/bundlers.md says.

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { isItself } = require('../support/module.js');

const PACKAGE = path.join(__dirname, '..', '..');
const MODULES = path.join(__dirname, 'node_modules');
const BUN = path.join(PACKAGE, 'test', 'runtimes', 'node_modules', `bun-${process.platform}-${process.arch}`, 'bin', 'bun');

const BODY = `
  const socket = createSocket('udp4', (message) => { console.log(String(message)); socket.close(); });
  socket.bind(0, '127.0.0.1', () => socket.send('bundled', socket.address().port));
`;
const PROGRAMS = {
  'app.mjs': `import { createSocket } from 'heliogram';${BODY}`,
  'app.cjs': `const { createSocket } = require('heliogram');${BODY}`,
};

const BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** Each writes `dist` below the folder of the programs, and returns the command that runs it there. */
const TOOLS = {
  async esbuild({ build }) {
    await build({ absWorkingDir: process.cwd(), entryPoints: ['app.cjs'], bundle: true, platform: 'node', loader: { '.node': 'copy' }, outdir: 'dist' });
    return [process.execPath, 'app.js'];
  },
  async 'esbuild, ES module'({ build }) {
    await build({
      absWorkingDir: process.cwd(), entryPoints: ['app.mjs'], bundle: true, platform: 'node', format: 'esm',
      outExtension: { '.js': '.mjs' }, banner: { js: BANNER }, loader: { '.node': 'copy' }, outdir: 'dist',
    });
    return [process.execPath, 'app.mjs'];
  },
  async rollup({ rollup }) {
    const [{ default: commonjs }, { default: resolve }] = [await import('@rollup/plugin-commonjs'), await import('@rollup/plugin-node-resolve')];
    const bundle = await rollup({
      input: 'app.mjs', external: [/^@heliogram\//], plugins: [resolve({ preferBuiltins: true }), commonjs()], onLog() {},
    });
    await bundle.write({ file: 'dist/app.cjs', format: 'cjs' });
    copy('node_modules/@heliogram', 'dist/node_modules/@heliogram');
    return [process.execPath, 'app.cjs'];
  },
  async webpack({ default: webpack }) {
    const rule = { test: /\.node$/, loader: require.resolve('node-loader') };
    const compiler = webpack({
      mode: 'production', target: 'node', entry: './app.cjs', output: { path: path.resolve('dist'), filename: 'app.cjs' }, module: { rules: [rule] },
    });
    const stats = await new Promise((resolve, reject) => compiler.run((error, result) => (error ? reject(error) : resolve(result))));
    assert.ok(!stats.hasErrors(), stats.toString({ all: false, errors: true }));
    return [process.execPath, 'app.cjs'];
  },
  async vite({ build }) {
    await build({ logLevel: 'error', build: { ssr: 'app.mjs', outDir: 'dist' } });
    copy('node_modules', 'dist/node_modules');
    return [process.execPath, 'app.mjs'];
  },
  async '@vercel/ncc'({ default: ncc }) {
    const { code, assets } = await ncc(path.resolve('app.cjs'), { quiet: true });
    fs.mkdirSync('dist');
    fs.writeFileSync('dist/app.cjs', code);
    for (const [name, { source }] of Object.entries(assets)) fs.writeFileSync(path.join('dist', name), source);
    return [process.execPath, 'app.cjs'];
  },
  async '@vercel/nft'({ nodeFileTrace }) {
    const { fileList } = await nodeFileTrace(['app.mjs']);
    for (const file of fileList) copy(file, path.join('dist', file));
    return [process.execPath, 'app.mjs'];
  },
  async 'esbuild, single executable of Node'({ build }) {
    await build({ absWorkingDir: process.cwd(), entryPoints: ['app.cjs'], bundle: true, platform: 'node', loader: { '.node': 'copy' }, outdir: 'dist' });
    fs.writeFileSync('sea.json', JSON.stringify({ main: 'dist/app.js', output: 'dist/app', disableExperimentalSEAWarning: true }));
    execFileSync(process.execPath, ['--build-sea', 'sea.json'], { stdio: 'pipe' });
    const binary = fs.readdirSync('dist').find((name) => name.endsWith('.node'));
    return ['env', `HELIOGRAM_BINARY=${binary}`, './app'];
  },
  'bun build'() {
    execFileSync(BUN, ['build', 'app.mjs', '--target=bun', '--outdir=dist'], { stdio: 'pipe' });
    return [BUN, 'app.js'];
  },
  'bun build --compile'() {
    execFileSync(BUN, ['build', 'app.mjs', '--compile', '--outfile=dist/app'], { stdio: 'pipe' });
    return [path.resolve('dist', 'app')];
  },
};

const copy = (from, to) => fs.cpSync(from, to, { recursive: true, dereference: true });

function lacking(tool) {
  if (!isItself) return `in ${process.version} the package is the host's own dgram`;
  if (tool.startsWith('bun')) return !fs.existsSync(BUN) && 'test/runtimes has no Bun for this platform';
  return !fs.existsSync(path.join(MODULES, tool.split(',')[0])) && `test/bundlers has no ${tool}: npm ci`;
}

/** A folder with the programs, and with heliogram installed as npm installs it. */
function project(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'heliogram-bundlers-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  execFileSync(process.execPath, [path.join(PACKAGE, 'npm', 'stage.mjs'), path.join(folder, 'node_modules')], { stdio: 'pipe' });
  for (const [name, text] of Object.entries(PROGRAMS)) fs.writeFileSync(path.join(folder, name), text);
  return folder;
}

for (const [tool, bundle] of Object.entries(TOOLS)) {
  test(`bundled by ${tool}`, { skip: lacking(tool), timeout: 120_000 }, async (t) => {
    const folder = project(t);
    const elsewhere = fs.mkdtempSync(path.join(os.tmpdir(), 'heliogram-deployed-'));
    const before = process.cwd();
    t.after(() => { process.chdir(before); fs.rmSync(elsewhere, { recursive: true }); });
    process.chdir(folder);
    const own = tool.startsWith('bun') ? undefined : await import(tool.split(',')[0]);
    const [program, ...args] = await bundle(own);
    copy('dist', elsewhere);
    const deployed = program.startsWith(folder) ? path.join(elsewhere, path.basename(program)) : program;
    fs.rmSync(path.join(folder, 'node_modules'), { recursive: true }); // nothing may be found where it was built
    const output = execFileSync(deployed, args, { cwd: elsewhere, encoding: 'utf8', timeout: 20_000, env: { ...process.env, NODE_OPTIONS: '' } });
    assert.strictEqual(output, 'bundled\n');
  });
}
