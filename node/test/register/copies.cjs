'use strict';
// Two copies of heliogram in one process, the second loaded after the first has registered.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const host = { ...require('node:dgram') };
require('heliogram/register');

const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'heliogram-copy-'));
for (const name of fs.readdirSync(path.join(__dirname, '..', '..'))) {
  if (/^(dist|.*\.(js|cjs|mjs|node)|package\.json)$/.test(name)) fs.cpSync(path.join(__dirname, '..', '..', name), path.join(copy, name), { recursive: true });
}
const { Socket } = require(copy);
require(path.join(copy, 'register.cjs'));
fs.rmSync(copy, { recursive: true });

console.log(JSON.stringify({
  onHost: Object.getPrototypeOf(Socket.prototype) === host.Socket.prototype,
  isOther: Socket !== require('node:dgram').Socket,
  firstStays: require('node:dgram').Socket === require('heliogram').Socket,
}));
