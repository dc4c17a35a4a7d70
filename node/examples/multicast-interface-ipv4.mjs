// Chooses the interface by which multicast datagrams leave.
// IPv4, on all systems: the interface is named by an address of its own.
import dgram from 'node:dgram';

const socket = dgram.createSocket('udp4');

socket.bind(1234, () => {
  socket.setMulticastInterface('10.0.0.2');
  console.log('multicast leaves by 10.0.0.2');
  socket.close();
});
