'use strict';
// Deno does not check what an addon does, so we query its permissions: net, by host and port. A query takes some
// microseconds, so a grant is remembered until the end of the turn.

const { permissions, errors } = globalThis.Deno;

const granted = new Map(); // ports, by their addresses
let isForgetting = false;

function forget() {
  isForgetting = false;
  granted.clear();
}

function remember(address, port) {
  const ports = granted.get(address);
  if (ports === undefined) granted.set(address, new Set([port]));
  else ports.add(port);
  if (isForgetting) return;
  isForgetting = true;
  process.nextTick(forget);
}

/** Queries the permission, and requests it where Deno prompts. */
function isGranted(wanted) {
  const { state } = permissions.querySync(wanted);
  return state === 'granted' || (state === 'prompt' && permissions.requestSync(wanted).state === 'granted');
}

/** `127.0.0.1:53`, `[::1]:53`: an address in the words of Deno's permissions, which know no zones. */
function hostOf(address, port) {
  const [ip] = String(address).split('%');
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** Whether datagrams may be sent there. */
function mayReach(address, port) {
  if (granted.get(address)?.has(port)) return true;
  const may = isGranted({ name: 'net', host: hostOf(address, port) });
  if (may) remember(address, port);
  return may;
}

/** Throws what Deno throws where this may not be. */
function demand(address, port) {
  if (mayReach(address, port)) return;
  const host = hostOf(address, port);
  throw new errors.NotCapable(`Requires net access to "${host}", run again with the --allow-net flag`);
}

function refuse(access, what) {
  throw new errors.NotCapable(`Requires ${access} access${what}, run again with the --allow-${access} flag`);
}

/** Throws where the network may not be used without limits, as an adopted descriptor uses it. */
function demandNet() {
  if (!isGranted({ name: 'net' })) refuse('net', '');
}

/** Throws where a Unix socket's path may not be read and written. An abstract name is no path: it takes all paths. */
function demandPath(path) {
  const where = path.startsWith('\0') ? {} : { path };
  for (const name of ['read', 'write']) if (!isGranted({ name, ...where })) refuse(name, where.path ? ` to "${path}"` : '');
}

module.exports = { demand, demandNet, demandPath, mayReach };
