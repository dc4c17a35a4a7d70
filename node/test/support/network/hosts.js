'use strict';
// Other hosts: processes in network namespaces of their own, joined to that of the scenario, which is `west`.
//
// | host   | interface | addresses                                            |
// | ------ | --------- | ---------------------------------------------------- |
// | west   | eth0      | 10.78.1.1, 10.78.1.3, fd78:1::1, fd78:1::3           |
// | middle | eth0      | 10.78.1.2, fd78:1::2                                 |
// | middle | eth1      | 10.78.2.2, fd78:2::2                                 |
// | east   | eth0      | 10.78.2.1, fd78:2::1                                 |
//
// `middle` routes between the others. A scenario runs in `namespace` of support/network/namespaces.js, so `west` has `near` and `far` too.

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { eventually } = require('../extras.js');
const runtime = require('../runtime.js');

const HOST = path.join(__dirname, 'host-process.js');

class Host {
  #child = spawn('unshare', ['--net', ...runtime.command(), HOST], { stdio: ['pipe', 'pipe', 'inherit'] });
  #asked = new Map();
  #count = 0;

  constructor(t) {
    readline.createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(JSON.parse(line)));
    t.after(() => this.#child.stdin.end());
  }

  get pid() {
    return this.#child.pid;
  }

  #hear({ id, result, error }) {
    const { resolve, reject } = this.#asked.get(id);
    if (error) reject(new Error(error));
    else resolve(result);
  }

  #ask(order, ...values) {
    const id = this.#count++;
    this.#child.stdin.write(`${JSON.stringify({ id, order, values })}\n`);
    return new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }));
  }

  /** The command under which a program runs on this host. */
  get command() {
    return ['nsenter', `--net=/proc/${this.#child.pid}/ns/net`];
  }

  /** Runs lines of `ip(8)`. */
  ip(lines) { return this.#ask('ip', lines); }

  /** Sets a variable under `/proc/sys/net`. */
  set(key, value) { return this.#ask('set', key, value); }

  /** Opens a socket on all addresses; returns its port. */
  open(name, options = 'udp4') { return this.#ask('open', name, options); }

  call(name, method, ...values) { return this.#ask('call', name, method, ...values); }

  /** Sends; returns `{ from, to }`, the times before and after in ms since 1970. */
  send(name, ...values) { return this.#ask('send', name, ...values); }

  /** Waits for the next `count` messages of a socket; returns their texts and rinfos. */
  async heard(t, name, count = 1) {
    const all = [];
    while (all.length < count) {
      await t.until((done) => setTimeout(done, 2));
      all.push(...await this.#ask('heard', name));
    }
    return all;
  }
}

const addresses = (device, network, ...numbers) => [`link set ${device} up`, ...numbers.flatMap((number) => [
  `addr add 10.78.${network}.${number}/24 dev ${device}`, `addr add fd78:${network}::${number}/64 dev ${device}`,
])].join('\n');

/** Runs lines of `ip(8)` here, in `west`. */
const ip = (lines) => execFileSync('ip', ['-batch', '-'], { input: lines });

/** No duplicate address detection, which takes a second or two for IPv6, and no limit on the rate of ICMP errors. */
const SETTINGS = {
  'ipv6/conf/all/accept_dad': '0', 'ipv6/conf/default/accept_dad': '0', 'ipv4/icmp_ratelimit': '0', 'ipv6/icmp/ratelimit': '0',
};

async function threeHosts(t) {
  const [middle, east] = [new Host(t), new Host(t)];
  // Both have answered, and so are in namespaces of their own by now.
  await Promise.all([middle, east].map(async (host) => {
    await host.ip('link set lo up');
    for (const [key, value] of Object.entries(SETTINGS)) await host.set(key, value);
  }));
  for (const [key, value] of Object.entries(SETTINGS)) fs.writeFileSync(`/proc/sys/net/${key}`, value);
  ip(`link add eth0 type veth peer name eth0 netns ${middle.pid}`);
  await middle.ip(`link add eth1 type veth peer name eth0 netns ${east.pid}`);
  await middle.ip([addresses('eth0', 1, 2), addresses('eth1', 2, 2)].join('\n'));
  await Promise.all([middle.set('ipv4/ip_forward', '1'), middle.set('ipv6/conf/all/forwarding', '1')]);
  ip([addresses('eth0', 1, 1, 3), 'route add default via 10.78.1.2', 'route add fd78:2::/64 via fd78:1::2'].join('\n'));
  await east.ip([addresses('eth0', 2, 1), 'route add default via 10.78.2.2', 'route add fd78:1::/64 via fd78:2::2'].join('\n'));
  for (const [type, address] of [['udp4', '10.78.2.1'], ['udp6', 'fd78:2::1']]) await reach(t, east, type, address);
  return { ip, middle, east };
}

/** Waits until datagrams pass in both directions: a link loses them for a moment after it is up. */
async function reach(t, east, type, address) {
  const port = await east.open(`reach ${type}`, type);
  const socket = t.socket(`reach ${type}`, type);
  let heard = 0;
  socket.on('message', () => { heard += 1; });
  const probe = setInterval(() => socket.send('there?', port, address, () => {}), 5);
  try {
    const [[, rinfo]] = await east.heard(t, `reach ${type}`);
    const answer = setInterval(() => east.send(`reach ${type}`, 'here', rinfo.port, rinfo.address).catch(() => {}), 5);
    await eventually(t, () => heard > 0).finally(() => clearInterval(answer));
  } finally {
    clearInterval(probe);
    socket.close();
  }
}

/** A scenario that also gets the other hosts; what it opens is closed when it ends. */
const beside = (scenario) => async (t) => {
  try {
    await scenario(t, await threeHosts(t));
  } finally {
    await t.end();
  }
};

module.exports = { beside };
