'use strict';
// What is published installs with each package manager, from a registry on loopback, and a program with it runs. And what
// the linters of packages say of it.

const assert = require('node:assert');
const { execFile, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { promisify } = require('node:util');
const { isItself } = require('../support/module.js');
const { stage, startRegistry } = require('./registry.js');

const MODULES = path.join(__dirname, 'node_modules');
const RUNTIMES = path.join(__dirname, '..', 'runtimes', 'node_modules');
const runtime = (name, file) => path.join(RUNTIMES, `${name}-${process.platform}-${process.arch}`, file);
const [BUN, DENO] = [runtime('bun', path.join('bin', 'bun')), runtime('deno', 'deno')];

const PROGRAM = `
  const socket = createSocket('udp4', (message) => { console.log(String(message)); socket.close(); });
  socket.bind(0, '127.0.0.1', () => socket.send('installed', socket.address().port));
`;
const FILES = {
  'package.json': '{ "name": "program", "version": "1.0.0", "private": true }',
  'program.cjs': `const { createSocket } = require('heliogram');${PROGRAM}`,
  'program.mjs': `import { createSocket } from 'heliogram';${PROGRAM}`,
  'deno.mjs': `import { createSocket } from 'npm:heliogram';${PROGRAM}`,
};

const own = (file) => [process.execPath, path.join(MODULES, file)];
const PNPM = own('pnpm/bin/pnpm.mjs');
const YARN = own('yarn/bin/yarn.js');
const BERRY = own('@yarnpkg/cli-dist/bin/yarn.js');
const berry = (linker) => (url) => `npmRegistryServer: ${url}\nunsafeHttpWhitelist: [127.0.0.1]\nenableTelemetry: false\nenableGlobalCache: false\nnodeLinker: ${linker}\n`;

/** How each installs, what it needs for that, and what runs the program afterwards. */
const MANAGERS = {
  npm: { install: (url) => ['npm', 'install', 'heliogram', '--registry', url] },
  pnpm: { needs: PNPM[1], install: (url) => [...PNPM, 'add', 'heliogram', '--registry', url] },
  'Yarn 1': { needs: YARN[1], install: (url) => [...YARN, 'add', 'heliogram', '--registry', url] },
  'Yarn 4': { needs: BERRY[1], files: { '.yarnrc.yml': berry('node-modules') }, install: () => [...BERRY, 'add', 'heliogram'] },
  'Yarn 4 with PnP': {
    needs: BERRY[1], files: { '.yarnrc.yml': berry('pnp') }, install: () => [...BERRY, 'add', 'heliogram'], run: [...BERRY, 'node', 'program.cjs'],
  },
  Bun: { needs: BUN, files: { 'bunfig.toml': (url) => `[install]\nregistry = "${url}"\n` }, install: () => [BUN, 'add', 'heliogram'], run: [BUN, 'program.mjs'] },
  Deno: { needs: DENO, install: () => [DENO, 'cache', 'deno.mjs'], run: [DENO, 'run', '--allow-all', 'deno.mjs'] },
};

function lacking(needs) {
  if (!isItself) return `in ${process.version} the package is the host's own dgram`;
  return needs && !fs.existsSync(needs) && `${path.relative(path.dirname(__dirname), needs)} is missing: npm ci`;
}

function temporary(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'heliogram-installers-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Caches of this test alone: a package of another run would have the same name and version. The managers run in this Node:
 * npm leaves out optional packages whose `engines` exclude the Node that runs it.
 */
function environment(folder, url) {
  const { NODE_TEST_CONTEXT, NODE_OPTIONS, ...env } = process.env;
  return {
    ...env, PATH: `${path.dirname(process.execPath)}${path.delimiter}${env.PATH}`, CI: '', HOME: folder, npm_config_cache: path.join(folder, 'cache'), npm_config_store_dir: path.join(folder, 'store'), YARN_CACHE_FOLDER: path.join(folder, 'yarn'),
    BUN_INSTALL_CACHE_DIR: path.join(folder, 'bun'), DENO_DIR: path.join(folder, 'deno'), DENO_NO_PACKAGE_JSON: '1', NPM_CONFIG_REGISTRY: url,
  };
}

/** Runs without blocking this process, which is the registry. */
async function run([program, ...args], cwd, env) {
  const { stdout } = await promisify(execFile)(program, args, { cwd, env, encoding: 'utf8', timeout: 120_000 });
  return stdout;
}

for (const [name, { needs, files = {}, install, run: start = [process.execPath, 'program.mjs'] }] of Object.entries(MANAGERS)) {
  test(`installed by ${name}`, { skip: lacking(needs), timeout: 180_000 }, async (t) => {
    const folder = temporary(t);
    const url = await startRegistry(t, folder);
    const project = path.join(folder, 'project');
    fs.mkdirSync(project);
    for (const [file, text] of Object.entries(FILES)) fs.writeFileSync(path.join(project, file), text);
    for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(project, file), text(url));
    const env = environment(folder, url);
    await run(install(url), project, env);
    assert.strictEqual((await run(start, project, env)).trim().split('\n').at(-1), 'installed');
  });
}

const LINTERS = {
  publint: { file: path.join(MODULES, 'publint', 'src', 'cli.js'), args: ['--strict'] },
  attw: { file: path.join(MODULES, '@arethetypeswrong', 'cli', 'dist', 'index.js'), args: ['--pack'] },
};

for (const [name, { file, args }] of Object.entries(LINTERS)) {
  test(`${name} finds nothing`, { skip: lacking(file), timeout: 120_000 }, (t) => {
    for (const folder of stage(temporary(t)).slice(0, name === 'attw' ? 1 : Infinity)) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [file, folder, ...args], { encoding: 'utf8', env: environment(temporary(t), '') });
      assert.strictEqual(status, 0, `${folder}\n${stdout}${stderr}`);
      assert.doesNotMatch(stdout, /suggestion|warning/i);
    }
  });
}
