'use strict';
// B48, B49, B81, B83-B85: async_hooks, AsyncLocalStorage, child_process, the permission model, worker_threads.

const { AsyncLocalStorage, createHook, executionAsyncId, executionAsyncResource, triggerAsyncId } = require('node:async_hooks');
const assert = require('node:assert');
const path = require('node:path');
const { inChild, run } = require('../../support/process/child.js');
const { differential, direct } = require('../../support/differential.js');
const { nodeMajor, selfTest } = require('../../support/module.js');

const FIXTURE = path.join(__dirname, '..', 'fixtures', 'node-modules.js');

differential('B48 a message handler runs in the store of createSocket', async (t) => {
  const storage = new AsyncLocalStorage();
  const peer = await t.boundPeer('peer');
  const socket = storage.run('createSocket', () => t.socket('socket'));
  for (const event of ['listening', 'connect', 'message', 'close']) {
    storage.run(`on ${event}`, () => socket.on(event, () => t.note(event, storage.getStore())));
  }
  const { port } = peer.address();
  storage.run('bind', () => socket.bind(0, '127.0.0.1', () => t.note('bind callback', storage.getStore())));
  await t.turns(4);
  storage.run('send', () => socket.send('x', port, '127.0.0.1', () => t.note('send callback', storage.getStore())));
  await t.turns(4);
  const heard = t.times(socket, 'message', 2);
  storage.run('peer', () => peer.send('x', socket.address().port, '127.0.0.1'));
  storage.run('peer', () => peer.send('y', socket.address().port, '127.0.0.1'));
  await heard;
  storage.run('connect', () => socket.connect(port, '127.0.0.1', () => t.note('connect callback', storage.getStore())));
  await t.turns(4);
  storage.run('connected send', () => socket.send('x', () => t.note('send callback', storage.getStore())));
  await t.turns(4);
  storage.run('close', () => socket.close(() => t.note('close callback', storage.getStore())));
  await t.turns(4);
}, { least: 10 });

differential('B48 each send callback keeps the store of its caller', async (t) => {
  const storage = new AsyncLocalStorage();
  const peer = await t.boundPeer('peer');
  const { port } = peer.address();
  const [bound, unbound] = [await t.bound('bound'), t.socket('unbound')];
  const connected = await t.connected(await t.bound('connected'), peer);
  const show = (label) => () => t.note(label, storage.getStore());
  for (let n = 0; n < 3; n++) {
    storage.run(`caller ${n}`, () => {
      bound.send('x', port, '127.0.0.1', show(`bound ${n}`));
      unbound.send('x', port, '127.0.0.1', show(`unbound ${n}`));
      connected.send('x', show(`connected ${n}`));
      bound.send(Buffer.alloc(70_000), port, '127.0.0.1', show(`failed ${n}`));
    });
  }
  await t.turns(6);
}, { least: 12 });

differential('B48 promises and ticks within a handler keep its store', async (t) => {
  const storage = new AsyncLocalStorage();
  const socket = storage.run('createSocket', () => t.socket('socket'));
  socket.bind(0, '127.0.0.1');
  await t.once(socket, 'listening');
  socket.on('message', async () => {
    t.note('handler', storage.getStore());
    process.nextTick(() => t.note('tick', storage.getStore()));
    storage.enterWith('entered');
    await null;
    t.note('after await', storage.getStore());
  });
  const sender = await t.connected(await t.boundPeer('sender'), socket);
  for (let n = 0; n < 3; n++) sender.send('x');
  await t.turns(4);
}, { least: 9 });

differential('B48 the stores of error listeners and of look-ups', async (t) => {
  const storage = new AsyncLocalStorage();
  const failure = t.name('the failure', new Error('no such name'));
  const lookup = (name, family, callback) => {
    t.note('lookup', name, storage.getStore());
    process.nextTick(callback, name === 'bad' ? failure : null, '127.0.0.1', 4);
  };
  const socket = storage.run('createSocket', () => t.socket('socket', { type: 'udp4', lookup }));
  storage.run('on', () => socket.on('error', (error) => t.note('error', error, storage.getStore())));
  storage.run('bind', () => socket.bind(0, 'bad'));
  await t.turns(4);
  storage.run('bind', () => socket.bind(0, 'good'));
  await t.turns(4);
  storage.run('send', () => socket.send('x', 9, 'bad'));
  await t.turns(4);
  storage.run('connect', () => socket.connect(9, 'bad'));
  await t.turns(4);
}, { least: 7 });

/** Records the async_hooks events of UDP resources, which are named in the order of their creation. */
function hook(t, scenario, { kinds = ['UDPWRAP', 'UDPSENDWRAP'], events = ['init', 'before', 'after', 'destroy'] } = {}) {
  const names = new Map();
  const note = (event) => (id) => names.has(id) && events.includes(event) && t.note(event, names.get(id));
  const hooks = createHook({
    init(id, type, trigger) {
      if (!kinds.includes(type)) return;
      names.set(id, `${type} ${names.size}`);
      if (events.includes('init')) t.note('init', names.get(id), names.get(trigger));
    },
    before: note('before'),
    after: note('after'),
    destroy: note('destroy'),
  });
  t.after(() => hooks.disable());
  hooks.enable();
  return scenario(names);
}

differential('B49 one UDPWRAP per socket, and none per send', async (t) => {
  const peer = await t.boundPeer('peer');
  await hook(t, async () => {
    const socket = t.socket('socket');
    t.note('made');
    socket.bind(0, '127.0.0.1');
    await t.once(socket, 'listening');
    await t.sent('sent', socket, 'x', peer.address().port, '127.0.0.1');
    socket.close();
    await t.turns(6);
  }, { events: ['init', 'destroy'] });
}, { least: 4 });

differential('B49 the id in a handler is that of the UDPWRAP', async (t) => {
  await hook(t, async (names) => {
    const socket = t.socket('socket');
    const show = (label) => t.note(label, names.get(executionAsyncId()), names.has(triggerAsyncId()));
    socket.on('message', () => show('message'));
    socket.on('error', () => show('error'));
    socket.bind(0, '127.0.0.1');
    await t.once(socket, 'listening');
    const heard = t.times(socket, 'message', 3);
    const sender = await t.connected(await t.boundPeer('sender'), socket);
    for (let n = 0; n < 3; n++) sender.send('x');
    await heard;
    t.note('resource', typeof executionAsyncResource());
    socket.connect(7, '127.0.0.1');
    await t.once(socket, 'connect');
    const refused = t.once(socket, 'error');
    socket.send('x');
    await refused;
  }, { events: ['init'] });
}, { least: 5 });

differential('B49 before and after enclose every message', async (t) => {
  await hook(t, async () => {
    const socket = t.socket('socket');
    socket.on('message', (message) => {
      t.note('message', message);
      process.nextTick(t.callback(`tick ${message}`));
    });
    socket.bind(0, '127.0.0.1');
    await t.once(socket, 'listening');
    const { port } = socket.address();
    const heard = t.times(socket, 'message', 2);
    for (let n = 0; n < 2; n++) socket.send(String(n), port, '127.0.0.1');
    await heard;
    await t.turns(2);
  });
}, { least: 9 });

differential('B49 the socket knows the id of its resource', async (t) => {
  const ids = [];
  const hooks = createHook({ init: (id, type) => { if (type === 'UDPWRAP') ids.push(id); } }).enable();
  t.after(() => hooks.disable());
  const socket = t.socket('socket');
  hooks.disable();
  const symbols = Object.getOwnPropertySymbols(socket);
  const own = (description) => socket[symbols.find((symbol) => symbol.description === description)];
  t.note('async_id_symbol', own('async_id_symbol') === ids[0], own('state symbol').handle.getAsyncId() === ids[0], ids.length);
}, { least: 1 });

inChild('B49 sends that complete asynchronously have a UDPSENDWRAP', FIXTURE, 'sendWraps', { flags: ['--test-udp-no-try-send'], least: 6 });
inChild('B83 a UDPWRAP is destroyed after close, without garbage collection', FIXTURE, 'destroyed', { flags: ['--expose-gc'], least: 3 });

inChild('B81 child.send takes a socket, and the receiver’s works', FIXTURE, 'childSend', { least: 6 });
inChild('B81 child.send of an unbound and of a closed socket', FIXTURE, 'childSendOdd', { least: 2 });

inChild('B85 each worker has its own sockets', FIXTURE, 'workers', { least: 4 });
inChild('B85 worker.terminate closes the sockets of the worker', FIXTURE, 'terminated', { least: 2 });
inChild('B85 a worker that ends by itself closes its sockets', FIXTURE, 'exitedWorker', { least: 2 });

const NET = nodeMajor >= 25 ? ['--allow-net'] : [];
const GUARDED = ['--permission', '--allow-fs-read=*'];

inChild('B84 with every permission all works as without the permission model', FIXTURE, 'permitted', { flags: [...GUARDED, '--allow-addons', ...NET], least: 3 });
inChild('B84 without --allow-net', FIXTURE, 'permitted', { flags: [...GUARDED, '--allow-addons'], least: 3 });
inChild('B84 without --allow-net every method fails in the same way', FIXTURE, 'refusedMethods', { flags: [...GUARDED, '--allow-addons'], least: 5 });

direct('B84 without --allow-addons the package loads, and the first socket names the missing permission', {
  skip: selfTest && 'the host’s own dgram is no addon',
}, async () => {
  const { code, records, stderr } = await run(FIXTURE, 'permitted', { flags: [...GUARDED, ...NET] });
  assert.strictEqual(code, 0, stderr);
  const [label, error] = records[0];
  assert.strictEqual(label, 'createSocket threw');
  assert.deepStrictEqual(error.fields, [['code', 'ERR_DLOPEN_DISABLED']], error.text);
});
