// Makes ready what is published: the package, and one package for each platform whose binary is in BINARIES, which is the
// package's own folder unless it is given.
//
//   node npm/stage.mjs OUT [BINARIES]    then: npm publish OUT/heliogram, npm publish --access public OUT/@heliogram/*
//
// Only the published package depends on the platform packages, and only on those that are staged: npm ignores an optional
// dependency that does not exist, but Yarn and Deno fail.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = path.resolve(fileURLToPath(import.meta.url), '..', '..');
const read = (file) => JSON.parse(fs.readFileSync(path.join(root, file), 'utf8'));
const manifest = read('package.json');
const platforms = read('npm/platforms.json');
const repository = /^repository = "(.*)"/m.exec(fs.readFileSync(path.join(root, '..', 'Cargo.toml'), 'utf8'))[1];

/** What every package says of its origin, once the repository has an address. */
const origin = {
  ...(repository && {
    repository: { type: 'git', url: `git+${repository}.git` }, homepage: `${repository}#readme`, bugs: `${repository}/issues`,
  }),
  publishConfig: { access: 'public', provenance: true },
};

const [out, binaries = root] = process.argv.slice(2);
if (!out) throw new Error('no output folder; usage: node npm/stage.mjs OUT [BINARIES]');

const binary = ({ name }) => `heliogram.${name}.node`;
const isBuilt = (platform) => fs.existsSync(path.join(binaries, binary(platform)));

function write(folder, contents, files) {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(contents, null, 2)}\n`);
  for (const [from, to = from] of files) {
    const source = path.resolve(root, from);
    if (fs.existsSync(source)) fs.cpSync(source, path.join(folder, to), { recursive: true });
  }
}

const licences = ['LICENSE-APACHE', 'LICENSE-MIT'].map((name) => [path.join('..', name), name]);

/** What one platform installs: the binary, and by which systems it may be installed. */
function platformPackage(platform, out) {
  const { version, license, engines } = manifest;
  const { name, os, cpu, libc } = platform;
  const contents = {
    name: `@heliogram/${name}`, version, license, engines, ...origin,
    description: `The binary of heliogram for ${name}`, type: 'commonjs',
    main: binary(platform), files: [binary(platform), 'LICENSE-*'],
    os: [os], cpu: [cpu], ...(libc && { libc: [libc] }),
  };
  const folder = path.join(out, '@heliogram', name);
  write(folder, contents, [[path.resolve(binaries, binary(platform)), binary(platform)], ...licences]);
  fs.writeFileSync(path.join(folder, 'README.md'), readme(name));
}

const readme = (name) => `# @heliogram/${name}

The binary of [heliogram](https://www.npmjs.com/package/heliogram) for \`${name}\`. npm installs it with \`heliogram\` where it fits;
there is no need to install it by itself.
`;

function mainPackage(out, staged) {
  const { devDependencies, scripts, ...contents } = manifest;
  const optionalDependencies = Object.fromEntries(staged.map(({ name }) => [`@heliogram/${name}`, manifest.version]));
  const files = [...manifest.files.filter((name) => !name.includes('*')), 'README.md'].map((name) => [name]);
  write(path.join(out, 'heliogram'), { ...contents, ...origin, optionalDependencies }, [...files, ...licences]);
}

const built = platforms.filter(isBuilt);
mainPackage(out, built);
for (const platform of built) platformPackage(platform, out);
const missing = platforms.filter((platform) => !built.includes(platform));
console.log(`heliogram ${manifest.version}, with binaries for ${built.map(({ name }) => name).join(', ') || 'no platform'}`);
if (missing.length > 0) console.log(`without: ${missing.map(({ name, target }) => `${name} (${target})`).join(', ')}`);
