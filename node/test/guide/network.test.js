'use strict';
// The guide's programs that need networks: DHCP with the clients that Debian has, mDNS with npm's responder, paced video.
// Each network is a pair of virtual interfaces into a network namespace; nothing leaves the machine. Needs root.

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { noNamespace } = require('../support/network/namespaces.js');
const { start } = require('./program.js');

/** A process that keeps a network namespace, with its loopback interface up. */
async function host(t) {
  const child = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo ready && exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return { pid: child.pid, prefix: ['nsenter', `--net=/proc/${child.pid}/ns/net`] };
}

function run(prefix, command, ...args) {
  const [program, ...rest] = [...prefix, command, ...args];
  const { status, stdout, stderr, error } = spawnSync(program, rest, { encoding: 'utf8', timeout: 30_000 });
  assert.ok(!error && status === 0, `${command} ${args.join(' ')}: ${error ?? stderr}`);
  return stdout;
}

/** A server on two networks, 10.79.1.0/24 and 10.79.2.0/24, with a client on each, which has no address. */
async function twoNetworks(t) {
  const [server, ...clients] = [await host(t), await host(t), await host(t)];
  for (const [n, client] of clients.entries()) {
    const device = `eth${n}`;
    run(server.prefix, 'ip', 'link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', client.pid);
    run(server.prefix, 'ip', 'addr', 'add', `10.79.${n + 1}.1/24`, 'dev', device);
    run(server.prefix, 'ip', 'link', 'set', device, 'up');
    run(client.prefix, 'ip', 'link', 'set', 'eth0', 'up');
  }
  return { server, clients };
}

function folder(t) {
  const name = fs.mkdtempSync(path.join(os.tmpdir(), 'heliogram-guide-'));
  t.after(() => fs.rmSync(name, { recursive: true }));
  return name;
}

/** Asks for an address on eth0 and prints the lease as `ADDRESS by SERVER`. */
const CLIENTS = {
  udhcpc(t, { prefix }) {
    const script = path.join(folder(t), 'script');
    fs.writeFileSync(script, '#!/bin/sh\n[ "$1" = bound ] && echo "$ip by $serverid"\ntrue\n', { mode: 0o755 });
    return run(prefix, 'udhcpc', '-i', 'eth0', '-q', '-n', '-f', '-t', '10', '-T', '1', '-s', script).trim();
  },
  dhclient(t, { prefix }) {
    let pid; // With a lease it goes on as a daemon. This hook is the first, since the next ones remove the file with its number.
    t.after(() => spawnSync('dhclient', ['-x', '-pf', pid]));
    const [script, leases] = ['script', 'leases'].map((name) => path.join(folder(t), name));
    pid = path.join(folder(t), 'pid');
    fs.writeFileSync(script, '#!/bin/sh\n[ "$reason" = BOUND ] && echo "$new_ip_address by $new_dhcp_server_identifier"\ntrue\n', { mode: 0o755 });
    return run(prefix, 'dhclient', '-1', '-4', '-sf', script, '-lf', leases, '-pf', pid, 'eth0').trim();
  },
};

const found = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

for (const [name, lease] of Object.entries(CLIENTS)) {
  const skip = noNamespace || (!found(name) && `${name} is not installed`);
  test(`dhcp-server.mjs and ${name}, on two interfaces`, { skip }, async (t) => {
    const { server, clients } = await twoNetworks(t);
    const program = start(t, ['dhcp-server.mjs'], server);
    assert.strictEqual(await program.line(), 'listening on 67');
    for (const [n, client] of clients.entries()) {
      assert.strictEqual(lease(t, client), `10.79.${n + 1}.100 by 10.79.${n + 1}.1`);
      assert.match(await program.line(), new RegExp(`^10\\.79\\.${n + 1}\\.100 to [0-9a-f]{12} on eth${n}$`));
    }
    assert.deepStrictEqual(await program.end(), []);
  });
}

/** Answers mDNS queries for one service, with npm's multicast-dns. */
const RESPONDER = `
  const mdns = require('multicast-dns')({ interface: process.argv[1], bind: '0.0.0.0' });
  mdns.on('query', () => mdns.respond([{ name: '_http._tcp.local', type: 'PTR', data: process.argv[2] }]));
  mdns.on('ready', () => console.log('ready'));
`;

async function responder(t, { prefix }, address, name) {
  const [program, ...args] = [...prefix, process.execPath, '-e', RESPONDER, address, name];
  const child = spawn(program, args, { cwd: __dirname, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_TEST_CONTEXT: undefined } });
  t.after(() => child.kill());
  await new Promise((resolve) => child.stdout.once('data', resolve));
}

test('mdns-discovery.mjs, on all interfaces', { skip: noNamespace }, async (t) => {
  const { server, clients } = await twoNetworks(t);
  for (const [n, client] of clients.entries()) {
    const address = `10.79.${n + 1}.2`;
    run(client.prefix, 'ip', 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    run(client.prefix, 'ip', 'route', 'add', '224.0.0.0/4', 'dev', 'eth0');
    await responder(t, client, address, `box${n}._http._tcp.local`);
  }
  const lines = await start(t, ['mdns-discovery.mjs', '_http._tcp.local', 3], server).ended();
  assert.deepStrictEqual(lines.sort(), [
    'box0._http._tcp.local at 10.79.1.2 on eth0',
    'box1._http._tcp.local at 10.79.2.2 on eth1',
  ]);
});

const FRAMES = 10;
const DATAGRAMS = FRAMES * 20;

/** Joins the video, and prints how many datagrams came and over how many ms. */
const VIEWER = `
  const socket = require('node:dgram').createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  const times = [];
  socket.on('message', () => {
    times.push(performance.now());
    if (times.length < ${DATAGRAMS}) return;
    socket.send('LEAVE', 5004, process.argv[1], () => socket.close());
    console.log(times.length, Math.round(times.at(-1) - times[0]));
  });
  socket.send('JOIN', 5004, process.argv[1], () => console.log('joined'));
`;

function viewer(t, { prefix }, server) {
  const [program, ...args] = [...prefix, process.execPath, '-e', VIEWER, server];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 20_000, env: { ...process.env, NODE_TEST_CONTEXT: undefined } });
  t.after(() => child.kill());
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => { text += part; });
  return new Promise((resolve) => child.on('close', () => resolve(text)));
}

test('video-fanout.mjs, two viewers', { skip: noNamespace }, async (t) => {
  const { server, clients } = await twoNetworks(t);
  const hasFq = spawnSync('nsenter', [server.prefix[1], 'tc', 'qdisc', 'replace', 'dev', 'eth0', 'root', 'fq']).status === 0;
  clients.forEach((client, n) => {
    run(client.prefix, 'ip', 'addr', 'add', `10.79.${n + 1}.2/24`, 'dev', 'eth0');
  });
  const video = start(t, ['video-fanout.mjs', 5004, 500], server);
  assert.strictEqual(await video.line(), 'listening on 5004');
  const views = await Promise.all(clients.map((client, n) => viewer(t, client, `10.79.${n + 1}.1`)));
  for (const view of views) {
    const [, count, took] = /^joined\n(\d+) (\d+)\n$/.exec(view) ?? assert.fail(view);
    assert.strictEqual(Number(count), DATAGRAMS);
    assert.ok(Number(took) > 100, `${took} ms: all frames at once`);
  }
  if (!hasFq) t.diagnostic('SKIPPED pacing within a frame: this kernel has no queueing discipline fq');
  video.child.kill('SIGKILL');
});

/** Sends to the README's port until something comes back, and prints it. */
const ASK = `
  const socket = require('node:dgram').createSocket('udp4');
  const timer = setInterval(() => socket.send('ping', 41234, '127.0.0.1'), 50);
  socket.on('message', (message) => { clearInterval(timer); socket.close(); console.log(String(message)); });
`;

const PACKAGE = path.join(__dirname, '..', '..');
const READMES = [path.join(PACKAGE, '..', 'README.md'), path.join(PACKAGE, 'README.md')];

/** The first line that one of the programs prints; an error if one ends before. */
function firstLine(...children) {
  return new Promise((resolve, reject) => {
    for (const child of children) {
      child.stdout.once('data', (text) => resolve(String(text).split('\n')[0]));
      child.once('close', (code) => reject(new Error(`a program ended with exit code ${code}`)));
    }
  });
}

/** Why this Node cannot run a program. */
function lacking(code) {
  try {
    const AsyncFunction = (async () => {}).constructor;
    return void new AsyncFunction(/^await using /m.test(code) ? 'await using nothing = null;' : '');
  } catch {
    return `${process.version} has no \`await using\``;
  }
}

for (const file of READMES) {
  const programs = [...fs.readFileSync(file, 'utf8').matchAll(/^```js\n([^]*?)^```/gm)].map(([, code]) => code);
  for (const [n, code] of programs.entries()) {
    test(`program ${n + 1} of ${path.relative(path.dirname(PACKAGE), file)}`, { skip: noNamespace || lacking(code) }, async (t) => {
      const { prefix: [enter, ...args] } = await host(t);
      const begin = (...flags) => {
        const child = spawn(enter, [...args, process.execPath, ...flags], {
          cwd: PACKAGE, stdio: ['ignore', 'pipe', 'inherit'], timeout: 20_000, env: { ...process.env, NODE_TEST_CONTEXT: undefined },
        });
        t.after(() => child.kill('SIGKILL'));
        return child;
      };
      const server = begin('--input-type=module', '-e', code.replace(/, \(\) => console.log\(.*\)\);/, ');'));
      assert.match(await firstLine(server, begin('-e', ASK)), /^ping( from 127\.0\.0\.1:\d+)?$/);
    });
  }
}
