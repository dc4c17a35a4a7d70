// A program that uses what Node's socket does not have.

import dgram, { HeliogramError, type QueuedError, type OutgoingMessage, type ReceivedMessage, type RecvMetadataOptions, type RemoteInfo, type SendOptions, type SocketStats, type UnixSocket } from 'heliogram';
import { createSocket as createUnix, Socket as UnixDgram } from 'heliogram/unix-dgram';
import { listen, type Group, type Steering, type WorkerInfo, type WorkerProgram } from 'heliogram/workers';
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
socket.setRecvMetadata({ localAddress: true, ttl: true });
socket.on('message', (msg, { port, address, localAddress, ttl, timestamp = 0n }) => {
  socket.send(msg, port, address, { source: localAddress, ttl, transmitTime: timestamp, ecn: 1 }, (error, bytes) => {});
});
socket.sendMany(['a', Buffer.from('b'), ['c', 'd'], { message: 'e', port: 9, options: { ttl: 3 } }], 41_234, '192.0.2.1', { tos: 8 }, (error, sent) => error?.index ?? sent);
socket.sendMany([outgoing], (error) => error?.message);
socket.sendMany(['x'], 9, { ecn: 1 });
socket.on('messages', (messages, rinfos) => messages.forEach((message, index) => message.readUInt8() + rinfos[index].size));
socket.setTransmitTimeClock('tai');
socket.setRecvErrors(true);
socket.on('transmitTimestamp', ({ id, timestamp = 0n, hardwareTimestamp = timestamp }) => console.log(id + 1, hardwareTimestamp > 0n));
socket.on('queuedError', ({ code, address, port, mtu = 0 }) => console.log(code, address, port, mtu > 1_280));
const info: RecvMetadataOptions = { localAddress: true, tos: true, ttl: false, timestamp: undefined, hardwareTimestamp: true, dropped: true, segmentSize: true, truncated: true };
const metadata = ({ destination = '', localAddress = '', interface: by = '', interfaceIndex = 0, tos = 0, dscp = 0, ecn = 0, ttl = 0, timestamp = 0n, hardwareTimestamp = 0n, dropped = 0, segmentSize = 0 }: RemoteInfo): [string, number, bigint] =>
  [destination + localAddress + by, interfaceIndex + tos + dscp + ecn + ttl + dropped + segmentSize, timestamp + hardwareTimestamp];
const along: SendOptions = { source: '192.0.2.1', interface: 'eth0', tos: 0, dscp: 46, ecn: 2, ttl: 1, dontFragment: true, segmentSize: 1_200, transmitTime: 5n, transmitTimestamp: true };
socket.send('x', null, undefined, along);
socket.setDontFragment(false);
socket.setMulticastAll(false);
socket.setIncomingCPU(0);
socket.setBusyPoll(50);
socket.setReusePortSteering({ byte: 0 }, 4);
const whose = ({ code, errno, address = '', port = 0, offender = '', origin, type, icmpCode, mtu = 0 }: QueuedError): [string, number, 'icmp' | 'icmp6' | 'local'] =>
  [code + address + offender, errno + port + type + icmpCode + mtu, origin];
const counted = ({ datagramsIn, bytesIn, batchesIn, groPacketsIn, wouldBlockIn, datagramsOut, bytesOut, batchesOut, gsoBatchesOut, wouldBlockOut, gsoRefusals, dropped = 0, queueSizePeak, queueCountPeak }: SocketStats): number =>
  datagramsIn + bytesIn + batchesIn + groPacketsIn + wouldBlockIn + datagramsOut + bytesOut + batchesOut + gsoBatchesOut + wouldBlockOut + gsoRefusals + dropped + queueSizePeak + queueCountPeak;
// @ts-expect-error: a time is a BigInt
socket.send('x', 9, '::1', { transmitTime: 5 });
// @ts-expect-error: no such clock
socket.setTransmitTimeClock('wall');
// @ts-expect-error: an interface has a name or a number
socket.joinGroup('224.0.0.114', { interface: null });
// @ts-expect-error: unbinding from a device takes null
socket.bindToDevice();
// @ts-expect-error: credentials are of Unix datagrams only
socket.setRecvMetadata({ credentials: true });
socket[Symbol.dispose]();
const local = dgram.createSocket({ type: 'unix_dgram', replaceStale: true }, (msg, rinfo) => local.send(msg, rinfo.address));
local.bind('\0name', () => local.close());
const other: UnixSocket = dgram.createSocket({ type: 'unix_dgram', unlink: false, receiveCredentials: true, recvBufferSize: 1, sendBufferSize: 1, signal: options.signal });
other.on('message', (msg, { address, size, truncated = false, credentials: { pid, uid, gid } = { pid: 0, uid: 0, gid: 0 } }) => address + size + truncated + pid + uid + gid);
other.bind({ path: '/run/own' }).connect('/run/log', (error) => error?.message);
other.send(['a', Buffer.from('b')], undefined, (error, bytes) => error?.message ?? bytes);
other.send('text', 1, 2, '/run/log');
const places: string = other.address().address + other.remoteAddress().address + other.getSendQueueCount();
other.setReceiveCredentials(false);
other.disconnect();
await other.ref().unref().close()[Symbol.asyncDispose]();
// @ts-expect-error: a Unix datagram socket has no port
other.bind(41_234);
const dgrams: UnixDgram = new UnixDgram('unix_dgram', (msg, { address }) => address + msg.length);
dgrams.connect('/run/log');
dgrams.sendto(Buffer.from('x'), 0, 1, '/run/log');
dgrams.close();
createUnix('unix_dgram', (msg) => msg.length).send(Buffer.from('x'), 0, 1, '/run/log', (error) => error?.message);
export const program: WorkerProgram<number> = (own, { index, data }) => void own.on('message', () => index + data);
const steering: Steering[] = ['flow', 'cpu', { byte: 3 }];
const group: Group = await listen({ file: new URL(import.meta.url), port: 0, address: '::', type: 'udp6', steer: steering[0], socket: { recvBufferSize: 1 } });
group.on('message', (message, worker) => worker.postMessage([message, group.address, group.port, group.workers.length]));
export const named = ({ index, workers, data }: WorkerInfo<string>): string => data + index + workers;
// @ts-expect-error: no such rule
await listen({ file: 'x', steer: 'luck' });
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
export { total, next, paused, received, size, info, metadata, whose, counted, places };

socket.send(Buffer.from('x'), 0, 1, 9, '::1', { ttl: 3 }, () => {});
socket.send('x', { ttl: 3 }, (error, bytes) => console.log(error, bytes));
const { joined, failed } = socket.joinGroup('239.1.2.3', { interface: '*', source: '192.0.2.1' });
console.log(joined.join(), failed.map(({ interface: name, code, errno }) => `${name} ${code} ${errno}`));

const early = dgram.createSocket({ type: 'udp6', socketOptions: { ttl: 9, recvMetadata: { ttl: true }, groupInterface: 2, transmitTimeClock: 'tai' } });
early.setOption(0, 2, Buffer.from(early.getOption(0, 2, 4)));
early.on('error', (error) => console.log(error instanceof HeliogramError && error.code === 'ERR_HELIOGRAM_SEND_QUEUE_FULL'));
