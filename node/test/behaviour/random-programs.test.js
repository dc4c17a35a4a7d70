'use strict';
// Random programs do the same on the module under test as on the host's. A failing program is shrunk to the calls that make
// the difference. HELIOGRAM_TEST_SEED and HELIOGRAM_TEST_PROGRAMS choose the seed and the number of programs.

const { AsyncLocalStorage } = require('node:async_hooks');
const { BlockList } = require('node:net');
const fc = require('fast-check');
const { declare, differential, same } = require('../support/differential.js');
const { host, subject } = require('../support/module.js');
const { CLOSED_PORT, noIPv6 } = require('../support/network/namespaces.js');
const runtime = require('../support/runtime.js');
const { record } = require('../support/trace.js');

const { HELIOGRAM_TEST_SEED: SEED = 1, HELIOGRAM_TEST_PROGRAMS: PROGRAMS = 300 } = process.env;

/** Sockets of a program, and the most calls in a turn: with their repetitions fewer datagrams than one turn delivers. */
const SOCKETS = 3;
const CALLS = 3;

const PORTS = [0, -1, 65_536, 1.5, '7', 'x', undefined, null, true, NaN, CLOSED_PORT];
const HOPS = [0, 1, 64, 255, 256, -1, 1.5, '1', undefined];
const SIZES = [0, 8_192, -1, 1.5, 2 ** 31, '1', undefined];

const MESSAGES = {
  text: () => 'text', empty: () => '', buffer: () => Buffer.from('buffer'), list: () => ['a', Buffer.from('b'), new Uint8Array(3)],
  emptyList: () => [], words: () => new Uint16Array([1, 2]), view: () => new DataView(new ArrayBuffer(5)), long: () => Buffer.alloc(1_400, 'x'),
  large: () => Buffer.alloc(20_000, 'y'), tooLong: () => Buffer.alloc(70_000), number: () => 5, listOfNumber: () => ['a', 5], nothing: () => undefined,
};

/** Addresses and groups of each family; no datagram leaves the machine. */
const FAMILIES = {
  udp4: { loopback: '127.0.0.1', any: '0.0.0.0', group: '224.0.0.114', ofSource: '232.1.1.1', interface: '127.0.0.1' },
  udp6: { loopback: '::1', any: '::', group: 'ff02::114', ofSource: 'ff3e::114', interface: '::%lo' },
};

/** The port of a socket; before it has one, a port on which no socket receives. */
function portOf(socket) {
  try {
    return socket.address().port;
  } catch {
    return CLOSED_PORT;
  }
}

/** The calls, by name. Of the drawn values, `way` chooses a form, `value` an argument, and `peer` is another socket. */
const CALLS_BY_NAME = {
  bind({ socket, peer, family, way, value, callback }) {
    const forms = [
      () => socket.bind(), () => socket.bind(callback), () => socket.bind(0, family.loopback, callback), () => socket.bind(portOf(peer), family.loopback),
      () => socket.bind({ port: 0, address: family.any, exclusive: true }), () => socket.bind(PORTS[value % 5], family.loopback),
    ];
    return forms[way % forms.length]();
  },
  bindSync: ({ socket, family, way }) => socket.bindSync(way % 2 ? undefined : { port: 0, address: family.loopback }),
  send({ socket, peer, family, way, value, message, callback }) {
    const port = value < 8 ? portOf(peer) : PORTS[value % PORTS.length];
    const forms = [
      () => socket.send(message, port, family.loopback, callback), () => socket.send(message, port, callback), () => socket.send(message, port, family.loopback),
      () => socket.send(message, callback), () => socket.send(message), () => socket.send(message, value % 3, 2, port, family.loopback, callback),
    ];
    return forms[way % forms.length]();
  },
  connect({ socket, peer, family, way, value, callback }) {
    const port = value < 12 ? portOf(peer) : PORTS[value % PORTS.length];
    const forms = [() => socket.connect(port, family.loopback), () => socket.connect(port, family.loopback, callback), () => socket.connect(port, callback)];
    return forms[way % forms.length]();
  },
  connectSync: ({ socket, peer, family }) => socket.connectSync(portOf(peer), family.loopback),
  disconnect: ({ socket }) => socket.disconnect(),
  close: ({ socket, way, callback }) => (way % 2 ? socket.close(callback) : socket.close()),
  dispose: ({ socket, callback }) => void socket[Symbol.asyncDispose]().then(callback, callback),
  abort: ({ abort }) => abort(),
  address: ({ socket }) => socket.address(),
  remoteAddress: ({ socket }) => socket.remoteAddress(),
  reference: ({ socket, way }) => (way % 2 ? socket.ref() : socket.unref()),
  setTTL: ({ socket, value }) => socket.setTTL(HOPS[value % HOPS.length]),
  setMulticastTTL: ({ socket, value }) => socket.setMulticastTTL(HOPS[value % HOPS.length]),
  setBroadcast: ({ socket, value }) => socket.setBroadcast([true, false, 0, 'x'][value % 4]),
  setMulticastLoopback: ({ socket, value }) => socket.setMulticastLoopback([true, false, 0, 'x'][value % 4]),
  setMulticastInterface: ({ socket, family, value }) => socket.setMulticastInterface([family.interface, 'x', 5][value % 3]),
  membership({ socket, family, way, value }) {
    const method = way % 2 ? 'addMembership' : 'dropMembership';
    return socket[method]([family.group, family.group, family.loopback, 'x', undefined][value % 5], family.interface);
  },
  sourceMembership({ socket, family, way, value }) {
    const method = way % 2 ? 'addSourceSpecificMembership' : 'dropSourceSpecificMembership';
    return socket[method](family.loopback, [family.ofSource, family.ofSource, 'x', 5][value % 4], family.interface);
  },
  bufferSize({ socket, way, value }) {
    const size = SIZES[value % SIZES.length];
    const forms = [() => socket.getRecvBufferSize(), () => socket.getSendBufferSize(), () => socket.setRecvBufferSize(size), () => socket.setSendBufferSize(size)];
    return forms[way % forms.length]();
  },
  queue: ({ socket }) => [socket.getSendQueueSize(), socket.getSendQueueCount()],
};

/** bindSync and connectSync exist since Node 26, the version that other runtimes are compared with. */
const inHost = Object.keys(CALLS_BY_NAME).filter((name) => runtime.records || name in host.Socket.prototype || !name.endsWith('Sync'));
const lasting = inHost.filter((name) => !['close', 'dispose', 'abort'].includes(name));

/** The weights of the calls: many sends, and few early closes. */
const name = fc.oneof({ weight: 8, arbitrary: fc.constant('send') }, { weight: 16, arbitrary: fc.constantFrom(...lasting) }, { weight: 1, arbitrary: fc.constantFrom(...inHost) });

const call = fc.record({
  name,
  who: fc.nat(SOCKETS - 1),
  peer: fc.nat(SOCKETS - 1),
  way: fc.nat(11),
  value: fc.nat(15),
  message: fc.constantFrom(...Object.keys(MESSAGES)),
  times: fc.constantFrom(1, 1, 1, 2),
  then: fc.constantFrom('at once', 'at once', 'a tick', 'a microtask'),
});

const options = fc.record({
  bound: fc.constantFrom(true, true, false),
  hearsErrors: fc.constantFrom(true, true, false),
  reuseAddr: fc.constantFrom(undefined, undefined, true),
  ipv6Only: fc.constantFrom(undefined, undefined, true),
  recvBufferSize: fc.constantFrom(undefined, undefined, 100_000),
  lookup: fc.constantFrom('none', 'none', 'own', 'failing'),
  blocks: fc.constantFrom('nothing', 'nothing', 'nothing', 'sends', 'messages'),
});

const program = fc.record({
  type: fc.constantFrom(...(noIPv6 ? ['udp4'] : ['udp4', 'udp4', 'udp6'])),
  sockets: fc.array(options, { minLength: SOCKETS, maxLength: SOCKETS }),
  turns: fc.array(fc.array(call, { minLength: 1, maxLength: CALLS }), { minLength: 1, maxLength: 10 }),
  inListeners: fc.array(call, { maxLength: 6 }),
});

const LOOKUPS = {
  none: undefined,
  own: (address, family, callback) => process.nextTick(callback, null, address, family),
  failing: (address, family, callback) => setImmediate(callback, Object.assign(new Error('found nothing'), { code: 'ENOTFOUND' })),
};

function blockLists(blocks, { loopback }, type) {
  const list = new BlockList();
  list.addAddress(loopback, type === 'udp4' ? 'ipv4' : 'ipv6');
  return { nothing: {}, sends: { sendBlockList: list }, messages: { receiveBlockList: list } }[blocks];
}

const PAUSES = {
  'at once': () => {},
  'a tick': () => new Promise((resolve) => process.nextTick(resolve)),
  'a microtask': () => Promise.resolve(),
};

/** A datagram that a listener sends to its own socket comes a turn later than in Node (a documented difference): so it gets another peer. */
const another = (peer, who) => (peer === who ? (who + 1) % SOCKETS : peer);

/** Every call is made in an async scope of its own; callbacks and listeners record the scope that they run in. */
const scope = new AsyncLocalStorage();

/** One run of a program. */
class Run {
  #t;
  #sockets;
  #inListeners;
  #count = 0;

  constructor(t, { type, sockets, inListeners }) {
    this.#t = t;
    this.family = FAMILIES[type];
    this.#inListeners = [...inListeners];
    process.setUncaughtExceptionCaptureCallback((error) => t.note('uncaught', error));
    t.after(() => process.setUncaughtExceptionCaptureCallback(null));
    this.#sockets = sockets.map((options, index) => scope.run('creation', () => this.#open(`socket ${index}`, type, options)));
  }

  #open(label, type, { bound, hearsErrors, lookup, blocks, ...others }) {
    const controller = new AbortController();
    const lists = blockLists(blocks, this.family, type);
    const socket = this.#t.socket(label, { type, signal: controller.signal, lookup: LOOKUPS[lookup], ...others, ...lists });
    const heard = ['listening', 'connect', 'close', ...(hearsErrors ? ['error'] : [])];
    for (const event of heard) socket.on(event, this.#callback(`${label} ${event}`));
    for (const event of ['message', 'listening', 'connect', 'close']) socket.on(event, () => this.#listen(label, event));
    socket.on('message', (message, rinfo) => this.#t.note(`${label} message`, scope.getStore(), message, rinfo, message.buffer.byteLength));
    return { label, socket, bound, abort: () => controller.abort() };
  }

  #callback(label) {
    return (...values) => this.#t.note(label, scope.getStore(), ...values);
  }

  /** Binds the sockets that are bound from the start. */
  async begin() {
    for (const { socket } of this.#sockets.filter(({ bound }) => bound)) {
      const done = new Promise((resolve) => socket.prependOnceListener('listening', resolve).prependOnceListener('error', resolve));
      socket.bind(0, this.family.loopback);
      await done;
    }
  }

  #listen(label, event) {
    const next = this.#inListeners.shift();
    if (next === undefined) return;
    const who = this.#sockets.findIndex((socket) => socket.label === label);
    this.do({ ...next, who, peer: another(next.peer, who) });
    if (next.value > 12 && event === 'message') throw new Error('thrown by a listener');
  }

  do({ name, who, peer, way, value, message, times }) {
    const { socket, abort } = this.#sockets[who];
    if (name.startsWith('connect')) peer = another(peer, who);
    for (let n = 0; n < times; n++) {
      const label = `${this.#count++} ${name}`;
      const parts = { socket, abort, peer: this.#sockets[peer].socket, family: this.family, way, value, callback: this.#callback(`${label} called back`) };
      scope.run(label, () => this.#t.call(label, () => CALLS_BY_NAME[name]({ ...parts, message: MESSAGES[message]() })));
    }
  }
}

const scenario = (drawn) => async (t) => {
  const run = new Run(t, drawn);
  await run.begin();
  for (const turn of drawn.turns) {
    for (const next of turn) {
      run.do(next);
      await PAUSES[next.then]();
    }
    await t.turns();
  }
};

/**
 * Moves two kinds of records to the end, since their order differs: an error that the kernel reports after datagrams that were
 * already read, and cancelled sends, whose callbacks run in another phase of the loop.
 */
function withLateLast(records) {
  const isLate = (record) => /recvmsg ECONNREFUSED|ECANCELED/.test(JSON.stringify(record));
  return [...records.filter((record) => !isLate(record)), ...records.filter(isLate)];
}

/** Compares both modules, and tries again: on rare occasions the kernel delivers late, while a real difference repeats. */
async function compare(drawn, tries = 3) {
  const [ours, theirs] = [await record(subject, scenario(drawn)), await record(host, scenario(drawn))];
  try {
    same(withLateLast(ours), withLateLast(theirs), 'the host');
  } catch (error) {
    if (tries === 1) throw error;
    await compare(drawn, tries - 1);
  }
}

const elsewhere = runtime.program && 'the host and the module under test run in one process here, which is Node';

declare(`any program: ${PROGRAMS} of seed ${SEED}`, { skip: elsewhere, timeout: 280_000 }, () => {
  const property = fc.asyncProperty(program, (drawn) => compare(drawn));
  return fc.assert(property, { seed: Number(SEED), numRuns: Number(PROGRAMS), interruptAfterTimeLimit: 200_000, markInterruptAsFailure: true });
});

/** Sorts the records by label, since loops differ in the order of sockets that are ready at the same time. */
function byLabel(records) {
  const labels = [...new Set(records.map(([label]) => label))].sort();
  return labels.flatMap((label) => records.filter((record) => record[0] === label));
}

differential('any program, socket by socket', async (t) => {
  for (const drawn of fc.sample(program, { seed: Number(SEED), numRuns: Math.min(Number(PROGRAMS), 300) })) {
    t.include('program', byLabel(await record(t.dgram, scenario({ ...drawn, inListeners: [] }))));
  }
}, { least: 500 });
