'use strict';
// The programs of examples/, each on the host's own dgram and on heliogram: they print the same.
// They use fixed ports and an interface eth1 with 10.0.0.2, so each runs in a network namespace of its own.

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { isItself } = require('./support/module.js');
const { namespace, noNamespace } = require('./support/network/namespaces.js');

const PACKAGE = path.join(__dirname, '..');
const EXAMPLES = path.join(PACKAGE, 'examples');
const LIMIT = 30_000;

/** Renames an interface of the tests' namespace to the name in the examples of Node's dgram documentation. */
const ETH1 = [
  'ip link set near down',
  'ip link set near name eth1',
  'ip addr add 10.0.0.2/24 dev eth1',
  'ip link set eth1 up',
  'ip route add 224.0.0.0/4 dev eth1',
].join(' && ');

/** The arguments of `spawn` for a shell command in a namespace of its own. */
function inside(command) {
  const [program, ...prefix] = namespace;
  return [program, [...prefix, 'sh', '-c', `${ETH1} && { ${command}; }`]];
}

const FLAGS = { host: '', heliogram: '--import heliogram/register' };
const command = (flags, example, ...args) => [`"${process.execPath}"`, flags, `"${path.join(EXAMPLES, example)}"`, ...args].join(' ');

/** The output of a shell command, with its ephemeral ports replaced, since they differ from run to run. */
function output(commandLine) {
  // Below Node 22 the package warns that it is the host's own dgram.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined, ...(!isItself && { NODE_NO_WARNINGS: '1' }) };
  const child = spawn(...inside(commandLine), { cwd: PACKAGE, timeout: LIMIT, env });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk) => { text += chunk; });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, text: text.replace(/(?<=from [\d.]+:)\d+/g, 'PORT') }));
  });
}

async function compare(commandLine, expected) {
  const [host, heliogram] = await Promise.all([output(commandLine(FLAGS.host)), output(commandLine(FLAGS.heliogram))]);
  assert.deepStrictEqual(host, { code: 0, signal: null, text: expected }, 'the host\'s own');
  assert.deepStrictEqual(heliogram, host);
}

/** Runs a server, and a client once the port is bound; the server's lines come first. */
function conversation(flags, client) {
  const taken = 'until grep -q :A112 /proc/net/udp; do sleep 0.05; done'; // 41234
  return `${command(flags, 'server.mjs', '1')} & ${taken}; said=$(${command(flags, client)}); wait; echo "$said"`;
}

const ALONE = {
  'membership-cluster.mjs': 'one worker joined 224.0.0.114\nand one did not: addMembership EADDRINUSE\n',
  'multicast-interface-ipv6.mjs': 'multicast leaves by ::%eth1\n',
  'multicast-interface-ipv6-windows.mjs': 'multicast leaves by ::%2\n',
  'multicast-interface-ipv4.mjs': 'multicast leaves by 10.0.0.2\n',
};

const SERVED = 'server listening 0.0.0.0:41234\nserver got: Some bytes from 127.0.0.1:PORT\n';
const CLIENTS = {
  'send.mjs': 'sent 10 bytes\n',
  'send-parts.mjs': 'sent 10 bytes in 2 parts\n',
  'send-connected.mjs': 'connected to 127.0.0.1:41234\nsent 10 bytes\n',
};

for (const [example, expected] of Object.entries(ALONE)) {
  test(example, { skip: noNamespace }, () => compare((flags) => command(flags, example), expected));
}

for (const [example, expected] of Object.entries(CLIENTS)) {
  test(`server.mjs and ${example}`, { skip: noNamespace }, () => compare((flags) => conversation(flags, example), SERVED + expected));
}

test('every example is tested', () => {
  const tested = [...Object.keys(ALONE), ...Object.keys(CLIENTS), 'server.mjs'];
  const programs = fs.readdirSync(EXAMPLES).filter((name) => name.endsWith('.mjs'));
  assert.deepStrictEqual(programs.sort(), tested.sort());
});
