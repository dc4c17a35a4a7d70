// Every method and overload of the host's types.
import { Buffer } from 'node:buffer';
import { EventEmitter } from 'node:events';
import { AddressInfo, BlockList } from 'node:net';
import type * as dns from 'node:dns';
import dgram, { createSocket, Socket } from 'node:dgram';
import * as namespace from 'node:dgram';
import type { BindOptions, RemoteInfo, SocketOptions, SocketType } from 'node:dgram';

const type: SocketType = Math.random() < 0.5 ? 'udp4' : 'udp6';
const blockList = new BlockList();
const lookup = (hostname: string, options: dns.LookupOneOptions, callback: (err: NodeJS.ErrnoException | null, address: string, family: number) => void) => {
  callback(null, hostname, options.family === 6 ? 6 : 4);
};
const everything: SocketOptions = {
  type, reuseAddr: true, reusePort: false, ipv6Only: undefined, recvBufferSize: 1024, sendBufferSize: undefined,
  lookup, signal: AbortSignal.timeout(1), receiveBlockList: blockList, sendBlockList: undefined,
};

const socket: Socket = createSocket(type);
createSocket(type, (msg, rinfo) => msg.readUInt8(0) + rinfo.port);
createSocket({ type: 'udp4' });
dgram.createSocket({ type: 'udp6', ipv6Only: true }, (msg: Buffer, rinfo: RemoteInfo) => { msg.toString('hex', 0, rinfo.size); });
namespace.createSocket(everything, (msg) => { const exact: ArrayBufferLike = msg.buffer; return exact; });

const bindOptions: BindOptions = { port: 0, address: 'localhost', exclusive: true, fd: undefined };
socket.bind().bind(0).bind(0, '::').bind(0, '::', () => {}).bind(0, () => {}).bind(() => {}).bind(bindOptions).bind({ fd: 3 }, () => {});
socket.bind(undefined, undefined, undefined);

const address: AddressInfo = socket.address();
const { port, family }: { port: number; family: string } = socket.remoteAddress();

socket.connect(1);
socket.connect(1, 'localhost');
socket.connect(1, 'localhost', () => {});
socket.connect(1, undefined, () => {});
socket.connect(1, () => {});
const nothing: void = socket.disconnect();

const done = (error: Error | null, bytes: number) => { if (error) throw error; return bytes; };
const list: readonly any[] = ['a', new Uint8Array(1)];
for (const message of ['text', Buffer.from('bytes'), new Float64Array(1), new DataView(new ArrayBuffer(2)), list]) {
  socket.send(message);
  socket.send(message, done);
  socket.send(message, 1);
  socket.send(message, 1, done);
  socket.send(message, 1, 'localhost');
  socket.send(message, undefined, undefined, done);
  socket.send(message, 1, 'localhost', done);
}
for (const message of ['text', Buffer.from('bytes'), new Uint16Array(1), new DataView(new ArrayBuffer(2))]) {
  socket.send(message, 0, 1);
  socket.send(message, 0, 1, done);
  socket.send(message, 0, 1, 1);
  socket.send(message, 0, 1, 1, done);
  socket.send(message, 0, 1, 1, 'localhost');
  socket.send(message, 0, 1, 1, 'localhost', done);
}

socket.setBroadcast(true);
const numbers: number[] = [
  socket.setTTL(1), socket.setMulticastTTL(0), socket.getRecvBufferSize(), socket.getSendBufferSize(),
  socket.getSendQueueSize(), socket.getSendQueueCount(),
];
const flag: boolean = socket.setMulticastLoopback(false);
socket.setMulticastInterface('::%1');
socket.setRecvBufferSize(1);
socket.setSendBufferSize(1);
socket.addMembership('224.0.0.114');
socket.addMembership('224.0.0.114', '127.0.0.1');
socket.dropMembership('224.0.0.114');
socket.dropMembership('224.0.0.114', '127.0.0.1');
socket.addSourceSpecificMembership('10.0.0.1', '232.0.0.1');
socket.addSourceSpecificMembership('10.0.0.1', '232.0.0.1', '127.0.0.1');
socket.dropSourceSpecificMembership('10.0.0.1', '232.0.0.1');
socket.dropSourceSpecificMembership('10.0.0.1', '232.0.0.1', '127.0.0.1');

const chained: Socket = socket.ref().unref().close().close(() => {});
const emitter: EventEmitter = socket;
for (const method of ['on', 'once', 'addListener', 'prependListener', 'prependOnceListener'] as const) {
  socket[method]('close', () => {});
}
socket
  .on('close', () => {})
  .on('connect', () => {})
  .on('error', (err) => err.message)
  .on('error', (err: NodeJS.ErrnoException) => err.code)
  .on('listening', () => {})
  .on('message', (msg, rinfo) => `${msg.length} ${rinfo.address} ${rinfo.family === 'IPv6'} ${rinfo.port} ${rinfo.size}`)
  .on('of my own', (...args: any[]) => args)
  .once('message', (msg: Buffer) => msg)
  .prependListener('message', (msg: Uint8Array, rinfo: { port: number }) => [msg, rinfo])
  .prependOnceListener('listening', () => {})
  .addListener('error', () => {})
  .removeListener('error', () => {})
  .off('message', () => {})
  .removeAllListeners('message')
  .setMaxListeners(20);
const emitted: boolean[] = [
  socket.emit('close'), socket.emit('connect'), socket.emit('listening'), socket.emit('error', new Error('e')),
  socket.emit('message', Buffer.alloc(1), { address: '::1', family: 'IPv6', port: 1, size: 1 }), socket.emit('of my own', 1, 2),
];

class Counting extends Socket {
  count = 0;
  override close(callback?: () => void) {
    this.count++;
    return super.close(callback);
  }
}
const derived: Socket = new Counting();

async function disposal() {
  await socket[Symbol.asyncDispose]();
  await using inScope = createSocket('udp4');
  return inScope.address();
}

export { address, port, family, nothing, numbers, flag, chained, emitter, emitted, derived, disposal };
