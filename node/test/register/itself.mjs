// `import dgram from 'heliogram'` beside `import dgram from 'node:dgram'`: both are the same implementation.
import dgram from 'node:dgram';
import heliogram, { createSocket } from 'heliogram';

const same = dgram.Socket === heliogram.Socket && createSocket === dgram.createSocket;
const socket = heliogram.createSocket('udp4');
socket.bind(0, '127.0.0.1', () => {
  const ready = socket.address().port > 0;
  socket.close(() => console.log(JSON.stringify({ same, ready })));
});
