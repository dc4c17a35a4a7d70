'use strict';
// The types, in a program with the package and one version of `@types/node` installed: heliogram's types and the host's are
// assignable to each other, and programs valid with the host's types are valid with heliogram's.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');

const PACKAGE = path.join(__dirname, '..', '..');
const MODULES = path.join(PACKAGE, 'node_modules');
const TSC = path.join(MODULES, 'typescript', 'bin', 'tsc');

const OPTIONS = {
  strict: true, noEmit: true, target: 'es2023', module: 'nodenext', moduleDetection: 'force', allowJs: true, checkJs: true,
  types: ['node'],
};

/** A project with copies of heliogram and of one version of `@types/node`, so that no other version is found. */
function project(t, types) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'heliogram-types-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const nested = path.join(MODULES, '@types', types, 'node_modules', 'undici-types');
  copy(path.join(MODULES, '@types', types), path.join(folder, 'node_modules', '@types', 'node'));
  copy(fs.existsSync(nested) ? nested : path.join(MODULES, 'undici-types'), path.join(folder, 'node_modules', 'undici-types'));
  for (const file of ['package.json', 'index.d.ts', 'index.d.mts', 'promises.d.ts', 'promises.d.mts', 'register.d.ts', 'register.d.mts', 'unix-dgram.d.ts', 'unix-dgram.d.mts', 'workers.d.ts', 'workers.d.mts']) {
    copy(path.join(PACKAGE, file), path.join(folder, 'node_modules', 'heliogram', file));
  }
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS, include: ['*'] }));
  return folder;
}

function copy(from, to) {
  fs.cpSync(from, to, { recursive: true });
}

function compile(folder) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [TSC, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' });
  return { status, errors: stdout + stderr };
}

function accepts(folder) {
  const { status, errors } = compile(folder);
  assert.strictEqual(errors, '');
  assert.strictEqual(status, 0);
}

/** A program for the host's dgram, and the same with heliogram in its place. */
function addBoth(folder, file) {
  const text = fs.readFileSync(file, 'utf8');
  const name = path.basename(file);
  assert.match(text, /'node:dgram'/, `${name} asks for node:dgram`);
  fs.writeFileSync(path.join(folder, `host-${name}`), text);
  fs.writeFileSync(path.join(folder, `heliogram-${name}`), text.replaceAll("'node:dgram'", "'heliogram'"));
}

for (const types of ['node22', 'node24', 'node']) {
  const { version } = require(path.join(MODULES, '@types', types, 'package.json'));
  test(`@types/node ${version}`, (t) => {
    const folder = project(t, types);
    copy(path.join(__dirname, 'programs', 'assignable.ts'), path.join(folder, 'assignable.ts'));
    copy(path.join(__dirname, 'programs', 'extras.mts'), path.join(folder, 'extras.mts'));
    addBoth(folder, path.join(__dirname, 'programs', 'program.mts'));
    addBoth(folder, path.join(__dirname, 'programs', 'program.cts'));
    accepts(folder);
  });
}

const ROOT = path.join(PACKAGE, '..');
const DOCUMENTS = ['README.md', 'node/README.md', ...fs.globSync('docs/**/*.md', { cwd: ROOT, exclude: ['**/node_modules/**'] })];

test('the JavaScript in the documents', (t) => {
  const folder = project(t, 'node');
  const blocks = DOCUMENTS.flatMap((file) => [...fs.readFileSync(path.join(ROOT, file), 'utf8').matchAll(/^```js\n([^]*?)^```/gm)].map(([, code]) => ({ file, code })));
  assert.ok(blocks.length >= 5);
  for (const [n, { file, code }] of blocks.entries()) fs.writeFileSync(path.join(folder, `${n}-${file.replace(/\W/g, '-')}.mts`), code);
  accepts(folder);
});

test('our examples', (t) => {
  const folder = project(t, 'node');
  const examples = path.join(PACKAGE, 'examples');
  const programs = fs.readdirSync(examples).filter((name) => name.endsWith('.mjs'));
  assert.ok(programs.length >= 8);
  for (const name of programs) addBoth(folder, path.join(examples, name));
  for (const name of fs.readdirSync(path.join(examples, 'own'))) copy(path.join(examples, 'own', name), path.join(folder, name));
  accepts(folder);
});

test('errors of the host\'s types are errors of heliogram\'s', (t) => {
  const folder = project(t, 'node');
  addBoth(folder, path.join(__dirname, 'programs', 'wrong.mts'));
  const lines = compile(folder).errors.split('\n').map((line) => /(\w+)-wrong\.mts\((\d+),.*error/.exec(line)).filter(Boolean);
  const refused = (who) => [...new Set(lines.filter((line) => line[1] === who).map((line) => Number(line[2])))];
  assert.ok(refused('host').length >= 10, 'the host refuses each line');
  assert.deepStrictEqual(refused('heliogram'), refused('host'));
});
