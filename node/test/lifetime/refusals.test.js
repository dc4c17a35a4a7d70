'use strict';
// B108: what works where the kernel, or a sandbox, refuses a system call or an option. One row for each.

const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { ends } = require('../support/process/lifetime.js');
const { noRefusals, refusing } = require('../support/process/refusals.js');
const runtime = require('../support/runtime.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'refusals.js');

const ALL = [['sent and heard', 200, 200]];
const BURSTS = [['heard', 60, 60, 60, true, 60, true], ['GSO batches', true]];
const UNBATCHED = [BURSTS[0], ['GSO batches', false]];
const COALESCED = [['heard', 20]];
const metadata = (...outcomes) => [['asked', ...outcomes], ['TTL', 64]];
const UNBOUND = (code) => Array.from({ length: 2 }, () => [['bind', 'bind', code], ['bind', 'bind', code], ['bindSync', 'bind', code]]).flat();

/** Levels and options of `setsockopt`, by their positions among its arguments. */
const option = (level, name) => `1=${level} 2=${name}`;
const [IPPROTO_IP, SOL_SOCKET, SOL_UDP] = [0, 1, 17];

/** Of the package's own calls: the runtimes make theirs with other flags. */
const CLOEXEC_ALONE = '1=524288';

// what is refused, the scenario, its records, and the runtimes that the row is not for: they do not start so
const TABLE = [
  [['recvmmsg ENOSYS', 'sendmmsg ENOSYS'], 'exchange', ALL],
  [['recvmmsg EPERM', 'sendmmsg EPERM'], 'exchange', ALL],
  [['recvmmsg ENOSYS', 'sendmmsg ENOSYS'], 'bursts', BURSTS],
  [['timerfd_create EPERM'], 'coalescing', COALESCED],
  [['timerfd_create EMFILE'], 'coalescing', COALESCED],
  [['timerfd_settime EPERM'], 'coalescing', COALESCED],
  [['dup3 EPERM'], 'closing', ALL],
  [[`setsockopt EPERM ${option(SOL_SOCKET, 27)}`], 'bursts', BURSTS], // SO_DETACH_FILTER
  [[`setsockopt EPERM ${option(SOL_SOCKET, 26)}`], 'bursts', BURSTS], // SO_ATTACH_FILTER
  [[`setsockopt ENOPROTOOPT ${option(SOL_UDP, 104)}`], 'bursts', BURSTS], // UDP_GRO
  [[`setsockopt EPERM ${option(IPPROTO_IP, 10)}`], 'bursts', UNBATCHED], // IP_MTU_DISCOVER
  [[`getsockopt EPERM ${option(IPPROTO_IP, 10)}`], 'bursts', UNBATCHED],
  [[`setsockopt ENOPROTOOPT ${option(SOL_SOCKET, 40)}`], 'metadata', metadata('ok', 'ENOPROTOOPT', 'ok')], // SO_RXQ_OVFL
  [[`setsockopt ENOPROTOOPT ${option(SOL_SOCKET, 37)}`], 'metadata', metadata('ok', 'ok', 'ENOPROTOOPT')], // SO_TIMESTAMPING
  [[`setsockopt EPERM ${option(SOL_SOCKET, 2)}`], 'adoption', [['refused', 'open', 'EPERM', true]], ['deno', 'bun']], // SO_REUSEADDR; there the donor is still watched
  [['setsockopt EPERM'], 'exchange', ALL],
  [['getsockopt EPERM'], 'exchange', ALL],
  [['epoll_ctl EPERM'], 'bind', UNBOUND('EPERM'), ['deno']],
  [['epoll_ctl ENOSPC'], 'bind', UNBOUND('ENOSPC'), ['deno']],
  [[`eventfd2 EPERM ${CLOEXEC_ALONE}`], runtime.name === undefined ? 'closing' : 'bind', runtime.name === undefined ? ALL : UNBOUND('EPERM')],
];

for (const [refused, scenario, records, cannot = []] of TABLE) {
  const title = `B108 ${scenario} under ${refused.join(' and ')}`;
  if (!cannot.includes(runtime.name)) ends(title, FIXTURE, scenario, { records, prefix: refusing(refused), needs: noRefusals });
}

/** A system whose /dev has nothing but random numbers. */
const EMPTY_DEV = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /dev && mknod -m 444 /dev/urandom c 1 9 && exec "$@"', 'sh'];
const noMounts = spawnSync(EMPTY_DEV[0], [...EMPTY_DEV.slice(1), 'true']).status !== 0 && 'no file system can be mounted here';

ends('B108 closing without /dev/null', FIXTURE, 'closing', { records: ALL, prefix: EMPTY_DEV, needs: noMounts });
