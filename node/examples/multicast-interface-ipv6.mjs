// Chooses the interface by which multicast datagrams leave.
// IPv6: the interface is named in the scope of an address, and on most systems by its name.
import dgram from 'node:dgram';

const socket = dgram.createSocket('udp6');

socket.bind(1234, () => {
  socket.setMulticastInterface('::%eth1');
  console.log('multicast leaves by ::%eth1');
  socket.close();
});
