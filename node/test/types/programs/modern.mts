// A program that uses what Node's socket does not have.

import dgram, { type OutgoingMessage, type ReceivedMessage } from 'heliogram';
import { createSocket as createUnix } from 'heliogram/unix-dgram';
import { listen, type WorkerProgram } from 'heliogram/workers';
import promises, { createSocket, Socket } from 'heliogram/promises';

const socket = dgram.createSocket({ type: 'udp4', writableHighWaterMark: 1, maxSendQueueSize: Infinity, maxSendQueueCount: 9 });
const paused: boolean = socket.pause().resume().isPaused();
for await (const { message, rinfo } of socket) socket.send(message, rinfo.port, rinfo.address);
const options = { signal: AbortSignal.timeout(5), highWaterMark: 4, highWaterMarkBytes: 1_000 };
for await (const { message } of socket.messages(options)) message.readUInt8();
const next: IteratorResult<ReceivedMessage> = await socket.messages().next();
if (socket.writableNeedDrain && socket.writableLength > 0) socket.once('drain', () => {});
const outgoing: OutgoingMessage = { message: 'text', port: 9, address: '::1' };
await socket.writable.getWriter().write(outgoing);
await socket.readable.pipeThrough(new TransformStream<ReceivedMessage, OutgoingMessage>()).pipeTo(socket.writable);
socket.setTOS(8);
socket.bindToDevice(null);
socket.joinGroup('232.0.0.1', { interface: 'eth0', source: '192.0.2.1' });
socket.leaveGroup('224.0.0.114', { interface: 2 });
socket.setGroupInterface('eth0');
const total: number = socket.stats().bytesIn + (socket.stats().dropped ?? socket.getMTU());
socket.setReceiveInfo({ localAddress: true, ttl: true });
socket.on('message', (msg, { port, address, localAddress, ttl, timestamp = 0n }) => {
  socket.send(msg, port, address, { source: localAddress, ttl, departure: timestamp, ecn: 1 }, (error, bytes) => {});
});
socket.sendMany(['a', Buffer.from('b'), ['c', 'd'], { message: 'e', port: 9, options: { ttl: 3 } }], 41_234, '192.0.2.1', { tos: 8 }, (error, sent) => error?.index ?? sent);
socket.sendMany([outgoing], (error) => error?.message);
socket.sendMany(['x'], 9, { ecn: 1 });
socket.on('messages', (messages, rinfos) => messages.forEach((message, index) => message.readUInt8() + rinfos[index].size));
socket.setDepartureClock('tai');
socket.setReceiveErrors(true);
socket.on('icmp', ({ code, address, port, mtu = 0 }) => console.log(code, address, port, mtu > 1_280));
socket[Symbol.dispose]();
const local = dgram.createSocket({ type: 'unix_dgram', replaceStale: true }, (msg, rinfo) => local.send(msg, rinfo.address));
local.bind('\0name', () => local.close());
createUnix('unix_dgram', (msg) => msg.length).send(Buffer.from('x'), 0, 1, '/run/log', (error) => error?.message);
export const program: WorkerProgram<number> = (own, { index, data }) => void own.on('message', () => index + data);
await (await listen({ file: import.meta.url, workers: 2, steer: { byte: 0 }, data: 5 })).close();

const own: Socket = createSocket('udp6');
const same: promises.Socket = new promises.Socket({ type: 'udp4', reuseAddr: true, highWaterMark: 1 });
const { port, address } = await own.bind(0, '::1', { timeout: 5 });
await same.bind({ port, address, exclusive: true, signal: options.signal });
await own.connect(port, { timeout: 5 });
const count: number = (await own.sendMany(['a', 'b'])) + (await same.sendMany([outgoing], port, address, { timeout: 5, ttl: 9 }));
const size: number = count + (await own.send(['a', Buffer.from('b')])) + (await same.send('c', port, address, options));
const received: ReceivedMessage = await own.receive({ timeout: 5, signal: options.signal });
for await (const { rinfo } of same) own.socket.setTTL(rinfo.size);
await own.close();
await same[Symbol.asyncDispose]();
export { total, next, paused, received, size };
