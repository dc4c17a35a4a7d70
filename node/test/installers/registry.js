'use strict';
// A registry of packages on loopback that has the staged packages and nothing else.

const { execFileSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const PACKAGE = path.join(__dirname, '..', '..');

/** Stages the package and the platform packages that have a binary; the folders of both kinds. */
function stage(out) {
  execFileSync(process.execPath, [path.join(PACKAGE, 'npm', 'stage.mjs'), out], { stdio: 'pipe' });
  const platforms = fs.readdirSync(path.join(out, '@heliogram')).map((name) => path.join(out, '@heliogram', name));
  return [path.join(out, 'heliogram'), ...platforms];
}

/** What the registry answers about one package, and its tarball. */
function pack(folder, out) {
  const [{ filename }] = JSON.parse(execFileSync('npm', ['pack', folder, '--json', '--pack-destination', out], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
  const tarball = fs.readFileSync(path.join(out, filename));
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const hash = (name, encoding) => createHash(name).update(tarball).digest(encoding);
  return { manifest, tarball, dist: { integrity: `sha512-${hash('sha512', 'base64')}`, shasum: hash('sha1', 'hex') } };
}

function describe({ manifest, dist }, url) {
  const { name, version } = manifest;
  const tarball = `${url}/-/${encodeURIComponent(name)}.tgz`;
  return { name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist: { ...dist, tarball } } }, time: { [version]: '2020-01-01T00:00:00.000Z' } };
}

/** Starts a registry with the staged packages; answers its address. It ends with the test. */
async function startRegistry(t, folder) {
  const folders = stage(path.join(folder, 'staged'));
  const packages = new Map(folders.map((one) => pack(one, folder)).map((one) => [one.manifest.name, one]));
  const server = http.createServer((request, response) => {
    const wanted = decodeURIComponent(request.url.slice(1).replace(/^-\//, '').replace(/\.tgz$/, ''));
    const found = packages.get(wanted);
    if (!found) return response.writeHead(404).end('{}');
    if (request.url.endsWith('.tgz')) return response.end(found.tarball);
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify(describe(found, url)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.address().port}`;
  return url;
}

module.exports = { stage, startRegistry };
