'use strict';
// What the machine offers: IPv6 on the loopback interface, and network namespaces, in which datagrams never leave the
// machine. Tests that need something missing are skipped with the reason.

const { spawnSync } = require('node:child_process');
const os = require('node:os');

const loopbackHasIPv6 = Object.values(os.networkInterfaces()).flat().some(({ address }) => address === '::1');

/** False, or why tests over IPv6 can't run. */
const noIPv6 = !loopbackHasIPv6 && 'the loopback interface of this machine has no ::1';

// A namespace with multicast on the loopback interface and a pair of virtual interfaces with link-local addresses.
const SETUP = [
  'ip link set lo up',
  'ip link set lo multicast on',
  'ip link add near type veth peer name far',
  'ip addr add 10.77.0.1/24 dev near',
  'ip addr add 10.77.0.2/24 dev far',
  'ip addr add fe80::1/64 dev near nodad',
  'ip addr add fe80::2/64 dev far nodad',
  'ip link set near up',
  'ip link set far up',
  'ip route add 224.0.0.0/4 dev near',
].join(' && ');

const WAYS = [['unshare', '--net'], ['unshare', '--user', '--map-root-user', '--net']];
const shell = (way) => [...way, 'sh', '-c', `${SETUP} && exec "$@"`, 'sh'];
const works = (way) => spawnSync(way[0], [...shell(way).slice(1), 'true'], { timeout: 10_000 }).status === 0;

const way = process.platform === 'linux' ? WAYS.find(works) : undefined;

/** The command under which a process runs in a network namespace of its own. */
const namespace = way ? shell(way) : [];

/** False, or why tests in a namespace can't run. */
const noNamespace = !way && 'no network namespace can be made here: `unshare --net` or `ip` failed';

/** False, or why no interface can hold datagrams back until their transmit time. */
const noPacing = noNamespace || (!holdsBack() && 'this kernel has no queueing discipline fq');

function holdsBack() {
  const [program, ...prefix] = namespace;
  return spawnSync(program, [...prefix, 'tc', 'qdisc', 'add', 'dev', 'near', 'root', 'fq'], { timeout: 10_000 }).status === 0;
}

/** A closed port: it is below the range from which the kernel chooses. */
const CLOSED_PORT = 7;

module.exports = { CLOSED_PORT, namespace, noIPv6, noNamespace, noPacing };
