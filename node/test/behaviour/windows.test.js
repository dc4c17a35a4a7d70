'use strict';
// B109: what Windows does differently. Elsewhere the same scenarios are compared with what the host does there.

const { differential } = require('../support/differential.js');

const GROUP = '224.0.0.114';

for (const type of ['udp4', 'udp6']) {
  differential(`B109 numbers and interfaces before and after the bind, ${type}`, async (t) => {
    const unbound = t.socket('unbound', type);
    for (const size of ['getRecvBufferSize', 'getSendBufferSize']) t.call(size, () => unbound[size]());
    t.call('unbound', () => unbound.setMulticastTTL(-1));
    const socket = await t.bound('socket', type);
    t.call('bound', () => socket.setMulticastTTL(-1));
    for (const near of ['::', '::1', '0.0.0.0']) t.call(near, () => socket.setMulticastInterface(near));
    for (const name of ['addMembership', 'dropMembership']) t.call(name, () => socket[name](GROUP, '127.0.0.1'));
  }, { least: 9 });
}

differential('B109 a bind after a membership', async (t) => {
  const socket = t.socket('socket');
  socket.addMembership(GROUP, '127.0.0.1');
  await t.until((done) => {
    socket.on('listening', () => done(t.note('listening', socket.address().address)));
    socket.on('error', (error) => done(t.note('error', error)));
    socket.bind(0, '127.0.0.1');
  });
}, { least: 1 });

differential('B109 a port is free when its socket has been closed in a listener', async (t) => {
  const socket = await t.bound('socket', 'udp4');
  const { port } = socket.address();
  await t.until((done) => {
    socket.on('message', () => {
      socket.close();
      const next = t.socket('next');
      next.on('error', (error) => done(t.note('error', error)));
      next.bind(port, '127.0.0.1', () => done(t.note('bound')));
    });
    socket.send('x', port, '127.0.0.1');
  });
}, { least: 1 });
