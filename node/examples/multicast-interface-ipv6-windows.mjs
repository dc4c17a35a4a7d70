// Chooses the interface by which multicast datagrams leave.
// IPv6 on Windows: the scope of an address is the number of the interface. Other systems ignore an unknown name.
import dgram from 'node:dgram';

const socket = dgram.createSocket('udp6');

socket.bind(1234, () => {
  socket.setMulticastInterface('::%2');
  console.log('multicast leaves by ::%2');
  socket.close();
});
