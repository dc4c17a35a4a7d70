/**
 * UDP datagram sockets with the interface of Node's `node:dgram`, on an implementation of their own in Rust.
 *
 * Every program that the types of `node:dgram` accept is accepted here, and a socket of either kind may be passed where
 * the other is asked for. Node's documentation applies: https://nodejs.org/api/dgram.html. Each member names its
 * section there, and the platforms on which it behaves in another way.
 *
 * A socket belongs to the thread that made it. None survives a `fork(2)` by another addon: `child_process` and `cluster`, which start
 * new programs, are safe. Permissions (Node's `--permission`, Deno's) are asked for, but an addon is no fence against hostile
 * code: a program that may load addons needs none of them.
 *
 * Errors carry Node's codes. Those of the operating system (`EADDRINUSE`, `EMSGSIZE` ...) have `errno` (negative),
 * `syscall` and, where one was involved, `address` and `port`.
 *
 * Where no binary fits the machine, and before Node 22, {@link Socket} and {@link createSocket} are the host's own, and a process
 * warning says so (`HELIOGRAM_NO_BINARY`, `HELIOGRAM_NOT_SUPPORTED`); what is marked "Not in Node" is then not there, and options that
 * the host cannot replace are refused with `ERR_HELIOGRAM_NO_BINARY`. The environment variable `HELIOGRAM_FALLBACK=0` makes that an
 * error of `require`; `HELIOGRAM_BINARY` names the binary's file.
 */

import { LookupOneOptions } from 'node:dns';
import { EventEmitter } from 'node:events';
import { AddressInfo, BlockList } from 'node:net';

/**
 * The bytes of a datagram: a `Buffer` over an `ArrayBuffer` of its own and of exactly that size, unless the socket was
 * made with `pooledBuffers`.
 */
export type Message = ReturnType<typeof Buffer.alloc>;

/** `'udp4'`: IPv4. `'udp6'`: IPv6, and IPv4 as well unless `ipv6Only` is set. */
export type SocketType = 'udp4' | 'udp6';

/** A datagram that has been received, as loops, streams and promises give it. Not in Node. */
export interface ReceivedMessage {
  /** Its bytes. */
  message: Message;
  /** Where it came from. */
  rinfo: RemoteInfo;
}

/** A datagram that is to be sent, as {@link Socket.writable} and {@link Socket.sendMany} take it. Not in Node. */
export interface OutgoingMessage {
  /** Its bytes: text is sent as UTF-8, an array's parts as one datagram. */
  message: Sendable;
  /** The receiver's port, 1 to 65535; none on a connected socket. */
  port?: number | undefined;
  /** The receiver's address or host name; undefined: `127.0.0.1` or `::1`. None on a connected socket. */
  address?: string | undefined;
  /** What it takes along. */
  options?: SendOptions | undefined;
}

/** One datagram of many: its bytes alone, or what of it differs from the others. Not in Node. */
export type OutgoingDatagram = Sendable | OutgoingMessage;

/** Where a local message is from. */
export interface UnixRemoteInfo {
  /** The sender's path; an abstract name behind a NUL; empty if it is not bound. */
  address: string;
  /** The message's length in bytes. */
  size: number;
  /** True if the message had more than 262144 bytes, and the rest is lost. */
  truncated?: true;
  /** The process that sent it, its user and its group, vouched for by the kernel; with `receiveCredentials`. */
  credentials?: { pid: number; uid: number; gid: number };
}

/** How to make a local socket. Not in Node. */
export interface UnixSocketOptions {
  type: 'unix_dgram';
  /** A bind takes the place of a socket that nobody has open any longer. Default: `false`, then it is `EADDRINUSE`. */
  replaceStale?: boolean | undefined;
  /** `close()` removes the path that the bind has made, if it is still the same. Default: `true`. */
  unlink?: boolean | undefined;
  /** As by `setReceiveCredentials(true)`. */
  receiveCredentials?: boolean | undefined;
  /** `SO_RCVBUF` in bytes. */
  recvBufferSize?: number | undefined;
  /** `SO_SNDBUF` in bytes, which bounds a message. */
  sendBufferSize?: number | undefined;
  /** Closes the socket when it is aborted. */
  signal?: AbortSignal | undefined;
}

/**
 * A socket for datagrams between processes of one host; `createSocket('unix_dgram')` makes one. Addresses are paths in UTF-8
 * of at most 107 bytes (103 on macOS and FreeBSD), or on Linux abstract names behind a NUL, `'\0name'`. It keeps the process
 * alive from its `bind` or `connect` until it is closed. Events: `'message'` (the message and its {@link UnixRemoteInfo}),
 * `'listening'`, `'connect'`, `'close'`, `'error'`. Not in Node. Not on Windows: `ENOTSUP`. Source: unix(7).
 */
export interface UnixSocket extends EventEmitter {
  readonly type: 'unix_dgram';
  /** Binds to a path, which is made, or an abstract name. Failures are `'error'` events: `EADDRINUSE`, `ENOENT`, `EACCES`, `EINVAL`. Throws `ERR_SOCKET_ALREADY_BOUND`. */
  bind(path: string | { path: string }, callback?: () => void): this;
  /** Makes this the only peer. A failure goes to the callback, else it is an `'error'`: `ENOENT`, `ECONNREFUSED`, `EACCES`. Throws `ERR_SOCKET_DGRAM_IS_CONNECTED`. Once the peer is closed, sends fail with `ECONNREFUSED`. */
  connect(path: string | { path: string }, callback?: (error?: Error) => void): void;
  /** Lets the peer go. Throws `ERR_SOCKET_DGRAM_NOT_CONNECTED`. */
  disconnect(): void;
  /**
   * Sends to the peer, or to a path. While the peer's queue is full, sends to a peer wait, in order, and must not be changed; one to a
   * path fails with `EAGAIN`, since the system does not say when there is room. The callback gets the failure, else it is an
   * `'error'`: `EMSGSIZE`, `ENOENT`, `ECONNREFUSED`, `EACCES`.
   */
  send(msg: Sendable, callback?: (error: Error | null, bytes: number) => void): void;
  send(msg: Sendable, path: string | undefined, callback?: (error: Error | null, bytes: number) => void): void;
  send(msg: string | NodeJS.ArrayBufferView, offset: number, length: number, path?: string, callback?: (error: Error | null, bytes: number) => void): void;
  /** The local address; empty while unbound. */
  address(): { address: string };
  /** The peer's address. Throws `ENOTCONN`. */
  remoteAddress(): { address: string };
  /** Enables `rinfo.credentials`: the process that sent each message (`SO_PASSCRED`). Throws `ENOTSUP` but on Linux. */
  setReceiveCredentials(on: boolean): void;
  getRecvBufferSize(): number;
  setRecvBufferSize(size: number): void;
  getSendBufferSize(): number;
  setSendBufferSize(size: number): void;
  /** How many messages wait for the peer's room. */
  getSendQueueCount(): number;
  /** Closes the socket and removes its path; what waits fails with `ERR_SOCKET_DGRAM_NOT_RUNNING`. */
  close(callback?: () => void): this;
  ref(): this;
  unref(): this;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Which interface is meant: its name (`'eth0'`), its number, or an IPv4 address of it. Undefined: the system's choice. */
export type InterfaceChoice = string | number;

/**
 * Which of the sockets that share a port gets a datagram; they are numbered from 0. `'flow'`: always the same for one pair of
 * addresses and ports. `'cpu'`: the one whose number is the processor's that handles it, modulo the number of sockets.
 * `{ byte: offset }`: the one whose number is the message's byte at that offset (0 to 65535), modulo the number of sockets; a
 * message that is too short goes to the first. The latter two: Linux. Not in Node.
 */
export type Steering = 'flow' | 'cpu' | { byte: number };

/** An interface on which a call for all of them failed. Not in Node. */
export interface InterfaceFailure {
  interface: string;
  /** The error's name, `ENOBUFS`. */
  code: string;
  /** The system's number, negative. */
  errno: number;
}

/** Which part of a group is meant. Not in Node. */
export interface GroupOptions {
  /** On which interface; `'*'`: on every one that is up and can multicast. */
  interface?: InterfaceChoice | undefined;
  /** Only what this address sends to the group. */
  source?: string | undefined;
}

/** An error that a datagram met on its way, with what it was sent to and who says so. Not in Node. */
export interface QueuedError {
  /** The error's name: `ECONNREFUSED`, `EHOSTUNREACH`, `EMSGSIZE` ... */
  code: string;
  /** The system's number, negative. */
  errno: number;
  /** Where the datagram was going, if the system says so. */
  address?: string;
  /** The port there. */
  port?: number;
  /** The router or host that sent the ICMP message; undefined for an error of this host. */
  offender?: string;
  /** Where the error comes from: an ICMP message, or this host. */
  origin: 'icmp' | 'icmp6' | 'local';
  /** The ICMP message's type, 0 to 255: 3 for "destination unreachable" (ICMPv6: 1). */
  type: number;
  /** The ICMP message's code, 0 to 255: 3 for "port unreachable" (ICMPv6: 4). */
  icmpCode: number;
  /** The path's MTU in bytes, IP header included, where the datagram exceeded it. */
  mtu?: number;
}

/** What a socket has sent and received so far. Not in Node. */
export interface SocketStats {
  /** Datagrams received; each segment of a GRO packet counts. */
  datagramsIn: number;
  /** Their bytes, without headers. */
  bytesIn: number;
  /** System calls that brought some. */
  batchesIn: number;
  /** Messages of the kernel that were several datagrams (`UDP_GRO`). */
  groPacketsIn: number;
  /** Receives that found nothing (`EAGAIN`). */
  wouldBlockIn: number;
  /** Datagrams that the system has taken. */
  datagramsOut: number;
  /** Their bytes, without headers. */
  bytesOut: number;
  /** System calls that took some. */
  batchesOut: number;
  /** Messages that were several datagrams (`UDP_SEGMENT`). */
  gsoBatchesOut: number;
  /** Sends for which the system's buffer was too full (`EAGAIN`). */
  wouldBlockOut: number;
  /** GSO batches that the system, the device or the path refused, so that their datagrams were sent one by one. */
  gsoRefusals: number;
  /** Packets that the kernel dropped because the receive buffer was full, modulo 2^32; a GRO packet counts once. Linux; undefined elsewhere. */
  dropped?: number | undefined;
  /** The most bytes that have waited at once because the system's buffer was full. */
  queueSizePeak: number;
  /** The most datagrams. */
  queueCountPeak: number;
}

/** What may wait for a reader before receiving pauses. Not in Node. */
export interface ReaderOptions {
  /** Messages, 1 or more (default 256). */
  highWaterMark?: number | undefined;
  /** Bytes of messages, 1 or more (default 1048576). */
  highWaterMarkBytes?: number | undefined;
}

/** How to read messages. Not in Node. */
export interface MessagesOptions extends ReaderOptions {
  /** Ends the loop with an `AbortError` (`ABORT_ERR`), once what came before is read. */
  signal?: AbortSignal | undefined;
}

/** Where a datagram came from. Node's documentation: "Event: 'message'". */
export interface RemoteInfo {
  /**
   * The sender's address. Link-local IPv6 addresses carry the interface, `fe80::1%eth0` (on Windows its number,
   * `fe80::1%2`). An IPv4 sender looks like `::ffff:192.0.2.1` to a udp6 socket.
   */
  address: string;
  /** The address family; `'IPv6'` for every sender that a udp6 socket hears. */
  family: 'IPv4' | 'IPv6';
  /** The sender's port, 0 to 65535. */
  port: number;
  /** The datagram's size in bytes, 0 to 65527: the same as `msg.length`. */
  size: number;

  // Receive metadata, which Node does not have: a field is there only if `setRecvMetadata()` has asked for it and the system
  // reports it.

  /** The destination in the packet's header: an address of ours, a multicast group or a broadcast address. */
  destination?: string;
  /** Our own address, to answer from: `send(msg, port, address, { source: rinfo.localAddress })`. */
  localAddress?: string;
  /** The name of the interface that it came through. */
  interface?: string;
  /** Its number. */
  interfaceIndex?: number;
  /** The byte of DSCP and ECN, 0 to 255. */
  tos?: number;
  /** Differentiated services codepoint, 0 to 63 (RFC 2474). */
  dscp?: number;
  /** Congestion mark (RFC 3168): 0 none, 1 ECT(1), 2 ECT(0), 3 congestion experienced. */
  ecn?: number;
  /** What was left of the TTL or hop limit. */
  ttl?: number;
  /**
   * When the kernel took it from the device, in nanoseconds since 1970, by the system's clock. Linux begins to take these times
   * a moment after the first socket of the machine has asked; a datagram from before that has the time at which it was read.
   */
  timestamp?: bigint;
  /** When the device took it from the wire, in nanoseconds of the device's own clock. */
  hardwareTimestamp?: bigint;
  /** How many packets the kernel has dropped up to then because the receive buffer was full, modulo 2^32; a GRO packet counts once. */
  dropped?: number;
  /** It was a segment of a GRO packet with segments of this many bytes (`UDP_GRO`). */
  segmentSize?: number;
  /** Whether its end is lost for want of room (`MSG_TRUNC`): false, since a socket's buffers hold the longest datagram. */
  truncated?: boolean;
}

/** The receive metadata to report with each datagram. Not in Node. */
export interface RecvMetadataOptions {
  /** `destination`, `localAddress`, `interface` and `interfaceIndex`: `IP_PKTINFO`, `IPV6_RECVPKTINFO`. */
  localAddress?: boolean | undefined;
  /** `tos`, `dscp` and `ecn`: `IP_RECVTOS`, `IPV6_RECVTCLASS`. */
  tos?: boolean | undefined;
  /** `ttl`: `IP_RECVTTL`, `IPV6_RECVHOPLIMIT`. */
  ttl?: boolean | undefined;
  /** `timestamp`: `SO_TIMESTAMPNS`. */
  timestamp?: boolean | undefined;
  /** `hardwareTimestamp`: `SO_TIMESTAMPING`, where timestamping is enabled on the device. Linux. */
  hardwareTimestamp?: boolean | undefined;
  /** `dropped`: `SO_RXQ_OVFL`. Linux. */
  dropped?: boolean | undefined;
  /** `segmentSize`. Linux. */
  segmentSize?: boolean | undefined;
  /** `truncated`. */
  truncated?: boolean | undefined;
}

/** What one datagram takes along; what is left out is as the socket's options have it. Not in Node. */
export interface SendOptions {
  /** The address of this host to leave from. `EINVAL` or `ENETUNREACH` for one that is not. */
  source?: string | undefined;
  /** The interface to leave by, whatever the routes say: its name or number. `ENODEV`. */
  interface?: InterfaceChoice | undefined;
  /** DSCP and ECN in one byte, 0 to 255. */
  tos?: number | undefined;
  /** Differentiated services codepoint, 0 to 63; takes precedence over `tos`. */
  dscp?: number | undefined;
  /** Congestion mark, 0 to 3; takes precedence over `tos`. */
  ecn?: number | undefined;
  /** How many routers may pass it on, 1 to 255; multicast too. */
  ttl?: number | undefined;
  /** Whether routers and this host are kept from fragmenting it; `EMSGSIZE` if it exceeds the interface's MTU. */
  dontFragment?: boolean | undefined;
  /**
   * The bytes are sent as a GSO batch of at most 64 datagrams of this many bytes, 1 to 65535; the last may be shorter
   * (`UDP_SEGMENT`, Linux). `EINVAL` or `EMSGSIZE` above the path's MTU. Where others may have the socket's descriptor, the
   * don't-fragment bit over IPv4 needs {@link Socket.setDontFragment} or `dontFragment`.
   */
  segmentSize?: number | undefined;
  /**
   * When it leaves, in nanoseconds of the clock that {@link Socket.setTransmitTimeClock} has named, without which it is
   * `EINVAL` (`SO_TXTIME`, Linux). The interface's queueing discipline holds it back: `fq` or `etf`; without one of them it
   * leaves at once.
   */
  transmitTime?: bigint | undefined;
  /**
   * Whether `'transmitTimestamp'` is emitted when it has left (`SO_TIMESTAMPING`, Linux; elsewhere `ENOTSUP`). Such
   * a datagram is in no GSO batch but its own.
   */
  transmitTimestamp?: boolean | undefined;
}

/** When a datagram left that had {@link SendOptions.transmitTimestamp}. Not in Node. */
export interface TransmitTimestamp {
  /** Which: a socket's datagrams that ask are numbered from 0 in the order in which the system took them, modulo 2^32. */
  id: number;
  /** When the kernel gave it to the device, in nanoseconds since 1970, by the system's clock. */
  timestamp?: bigint;
  /** When the device put it on the wire, in nanoseconds of the device's own clock, where timestamping is enabled on it. */
  hardwareTimestamp?: bigint;
}

/** How to bind a socket. Node's documentation: "socket.bind(options[, callback])". */
export interface BindOptions {
  /** The local port, 0 to 65535. 0 or undefined: the system chooses one. */
  port?: number | undefined;
  /** The local address or host name. Undefined: all interfaces, `0.0.0.0` or `::`. */
  address?: string | undefined;
  /**
   * In a worker of `cluster`: true for a port of the worker's own, false (the default) to share the port with the other
   * workers through the primary. Always true with `reusePort`. Without meaning elsewhere.
   */
  exclusive?: boolean | undefined;
  /**
   * An open descriptor of a UDP socket to take over, greater than 0; `port`, `address` and `exclusive` are then ignored.
   * Throws `ERR_INVALID_FD_TYPE` if it is another kind of descriptor, `EEXIST` if a socket of this process has it.
   * Not on Windows.
   */
  fd?: number | undefined;
}

/** How to bind a socket at once. Node's documentation: "socket.bindSync([options])". */
export interface BindSyncOptions {
  /** The local port, 0 to 65535. 0 or undefined: the system chooses one. */
  port?: number | undefined;
  /** The local IP address; no host name. Undefined: all interfaces. */
  address?: string | undefined;
}

/** How to make a socket. Node's documentation: "dgram.createSocket(options[, callback])". */
export interface SocketOptions {
  /** The address family. Throws `ERR_SOCKET_BAD_TYPE` for anything but `'udp4'` and `'udp6'`. */
  type: SocketType;
  /**
   * Lets several sockets bind one address and port (default false). Linux, Windows: `SO_REUSEADDR`, and the last socket
   * bound receives; macOS and the BSDs: `SO_REUSEPORT`.
   */
  reuseAddr?: boolean | undefined;
  /**
   * Lets several sockets bind one address and port, and spreads the datagrams over them (default false). Linux 3.9,
   * FreeBSD 12, DragonFlyBSD 3.6, Solaris 11.4, AIX 7.2.5 and later; elsewhere binding fails with `ENOTSUP`.
   */
  reusePort?: boolean | undefined;
  /** Whether a udp6 socket keeps to IPv6 (default false: it receives IPv4 too when bound to `::`). A udp4 socket with it cannot be bound (`EINVAL`). */
  ipv6Only?: boolean | undefined;
  /**
   * Whether the kernel may segment and coalesce datagrams (default true): GSO (`UDP_SEGMENT`) for those sent, GRO (`UDP_GRO`) for those
   * received. What is sent and received is the same either way, one callback and one event for each datagram. With false, datagrams
   * to several destinations leave in the order of the calls, and no answer waits for others to messages that came together.
   * `HELIOGRAM_OFFLOAD=0` in the environment of the process means false for all its sockets. Linux; elsewhere it
   * has no effect. Not in `node:dgram`.
   */
  offload?: boolean | undefined;
  /**
   * Whether messages may share memory (default false). With true they are slices of `ArrayBuffer`s of 128 KiB, which lie one
   * behind the other in the order of receipt, messages of other such sockets between them, as what `Buffer.allocUnsafe()`
   * makes: several times cheaper for messages of more than 64 bytes, since the kernel writes a GRO packet straight into its
   * place. But `msg.buffer` has the others' bytes too, `msg.byteOffset` is not 0, a message that is kept keeps the 128 KiB, and
   * transferring its buffer takes the others' bytes away; those of them that have not been delivered yet are lost. Nothing is
   * ever overwritten. Not in `node:dgram`.
   */
  pooledBuffers?: boolean | undefined;
  /**
   * Receive coalescing: how long datagrams may wait for each other, in microseconds, from 0 to 10,000 (default 0: each is
   * delivered as soon as possible). After a read the socket is not read again for so long, and then everything at once. A
   * wake-up of the loop takes longer than ten datagrams that are there already, so that a socket which receives tens of
   * thousands a second one by one takes less of the processor, for a latency of up to the given time. What arrives meanwhile
   * has to fit the socket's buffer (`SO_RCVBUF`), else the kernel drops it. Linux; elsewhere it has no effect. Throws
   * `ERR_INVALID_ARG_TYPE` or `ERR_OUT_OF_RANGE` for anything else. Not in `node:dgram`.
   */
  receiveCoalescing?: number | undefined;
  /** `SO_RCVBUF` in bytes, set when the socket is bound; see {@link Socket.setRecvBufferSize}. */
  recvBufferSize?: number | undefined;
  /** `SO_SNDBUF` in bytes, set when the socket is bound; see {@link Socket.setSendBufferSize}. */
  sendBufferSize?: number | undefined;
  /** Finds the address of a host name, instead of `dns.lookup`. It is asked about literal addresses too. */
  lookup?:
    | ((
        hostname: string,
        options: LookupOneOptions,
        callback: (err: NodeJS.ErrnoException | null, address: string, family: number) => void,
      ) => void)
    | undefined;
  /** Closes the socket when it is aborted. */
  signal?: AbortSignal | undefined;
  /** Datagrams from these addresses are dropped unseen. By the sender's address alone: a proxy or NAT hides it. */
  receiveBlockList?: BlockList | undefined;
  /** Sending to these addresses fails with `ERR_IP_BLOCKED`. */
  sendBlockList?: BlockList | undefined;
  /**
   * How many bytes may wait to be sent before {@link Socket.writableNeedDrain} says so, 0 or more (default 65536). Not in
   * Node.
   */
  writableHighWaterMark?: number | undefined;
  /**
   * How many bytes may wait to be sent, 0 or more (default `Infinity`, as in Node): for the bind, for their look-up, or for
   * space in the system's buffer. A `send()` beyond that fails with `ERR_HELIOGRAM_SEND_QUEUE_FULL`, which its callback gets; without
   * one it is dropped. Not in Node.
   */
  maxSendQueueSize?: number | undefined;
  /** The same in datagrams. Not in Node. */
  maxSendQueueCount?: number | undefined;
  /** Options that are there before the first datagram arrives. Not in Node, which ignores the key. */
  socketOptions?: InitialOptions | undefined;
}

/**
 * Socket options that are set when the socket is bound, before a datagram can arrive; in a cluster by each worker, on the socket that
 * it shares. What the system refuses is the error of the bind: `bind EPERM`. `createSocket()` throws `ERR_INVALID_ARG_VALUE` for an
 * unknown key, naming the nearest one, and `ERR_INVALID_ARG_TYPE` or `ERR_OUT_OF_RANGE` for a value as the method of the same name
 * does, which has its range and systems. Not in Node.
 */
export interface InitialOptions {
  /** {@link Socket.setBroadcast}. */
  broadcast?: boolean | undefined;
  /** {@link Socket.setTTL}. */
  ttl?: number | undefined;
  /** {@link Socket.setMulticastTTL}. */
  multicastTTL?: number | undefined;
  /** {@link Socket.setMulticastLoopback}. */
  multicastLoopback?: boolean | undefined;
  /** {@link Socket.setMulticastAll}. */
  multicastAll?: boolean | undefined;
  /** {@link Socket.setTOS}. */
  tos?: number | undefined;
  /** {@link Socket.setPriority}. */
  priority?: number | undefined;
  /** {@link Socket.setMark}. */
  mark?: number | undefined;
  /** {@link Socket.setFreebind}, which is of use before the bind only. */
  freebind?: boolean | undefined;
  /** {@link Socket.setTransparent}, which is of use before the bind only. */
  transparent?: boolean | undefined;
  /** {@link Socket.setIncomingCPU}. */
  incomingCPU?: number | undefined;
  /** {@link Socket.setBusyPoll}. */
  busyPoll?: number | undefined;
  /** {@link Socket.bindToDevice}: sockets of several interfaces may then have one port. */
  device?: string | undefined;
  /** {@link Socket.setRecvMetadata}. */
  recvMetadata?: RecvMetadataOptions | undefined;
  /** {@link Socket.setRecvErrors}. */
  recvErrors?: boolean | undefined;
  /** {@link Socket.setDontFragment}. */
  dontFragment?: boolean | undefined;
  /** {@link Socket.setGroupInterface}. */
  groupInterface?: InterfaceChoice | undefined;
  /** {@link Socket.setTransmitTimeClock}. */
  transmitTimeClock?: 'monotonic' | 'tai' | undefined;
}

/** The codes of heliogram's own, which no system and no runtime has. */
export type HeliogramErrorCode =
  /** No binary fits this machine. */
  | 'ERR_HELIOGRAM_NO_BINARY'
  /** The runtime is older than heliogram supports. */
  | 'ERR_HELIOGRAM_NOT_SUPPORTED'
  /** The socket manages this option itself: {@link Socket.setOption}. */
  | 'ERR_HELIOGRAM_MANAGED_OPTION'
  /** More waits to be sent than {@link SocketOptions.maxSendQueueSize} or its count permits. */
  | 'ERR_HELIOGRAM_SEND_QUEUE_FULL';

/** An error with a code of heliogram's own. Not in Node. */
export class HeliogramError extends Error {
  readonly name: 'HeliogramError';
  readonly code: HeliogramErrorCode;
  private constructor();
}

/** The events of a socket and what their listeners are given. Node's documentation: "Class: dgram.Socket". */
export interface SocketEventMap {
  /** After `close()`: no further event follows. */
  close: [];
  /** The socket has been associated with a remote address by `connect()`. */
  connect: [];
  /** Nothing waits to be sent any more, after {@link Socket.writableNeedDrain} was true. Not in Node. */
  drain: [];
  /** A datagram that was sent earlier met an error; only after `setRecvErrors(true)`. Not in Node. */
  queuedError: [error: QueuedError];
  /** A datagram that was sent with `transmitTimestamp` has left. Emitted while the socket receives. Not in Node. */
  transmitTimestamp: [timestamp: TransmitTimestamp];
  /** Something failed that has no callback. Without a listener it is thrown. */
  error: [err: Error];
  /** Once the socket is bound and can receive: after `bind()`, or before the first `send()` or `connect()` of an unbound one. */
  listening: [];
  /** A datagram has arrived. Not emitted while `'messages'` has listeners. */
  message: [msg: Message, rinfo: RemoteInfo];
  /**
   * Datagrams were received: 1 to 64, as many as were there, in the order of receipt, and where each came from. It is
   * emitted in place of `'message'` while it has listeners, so that {@link Socket.messages} and {@link Socket.readable} hear
   * nothing meanwhile. It is cheaper: ticks and microtasks run after a batch and not between its messages, and these share
   * memory as with {@link SocketOptions.pooledBuffers}, so that one that is kept keeps up to 128 KiB; copy what is to be kept
   * for long. A listener that throws, pauses or closes the socket has been given its batch all the same. In a turn of the loop
   * a socket gets no more than 64 datagrams. Not in Node.
   */
  messages: [messages: Message[], rinfos: RemoteInfo[]];
}

/**
 * Makes a socket. It is bound by `bind()`, or by itself to all interfaces and a port of the system's choice when it first
 * sends, connects or joins a group. Throws `ERR_SOCKET_BAD_TYPE` for an unknown type, `ERR_INVALID_ARG_TYPE` for an option
 * of a wrong type. Node's documentation: "dgram.createSocket(type[, callback])".
 *
 * @param type the address family, or all options.
 * @param callback a listener for `'message'`.
 */
export function createSocket(type: SocketType, callback?: (msg: Message, rinfo: RemoteInfo) => void): Socket;
export function createSocket(type: 'unix_dgram' | UnixSocketOptions, callback?: (msg: Message, rinfo: UnixRemoteInfo) => void): UnixSocket;
export function createSocket(options: SocketOptions, callback?: (msg: Message, rinfo: RemoteInfo) => void): Socket;

/** What can be sent: text as UTF-8, bytes, or an array of both, whose parts make one datagram. */
export type Sendable = string | NodeJS.ArrayBufferView | readonly any[];
/** `bytes`: how many were sent; undefined if there is an error. */
type SendCallback = (error: Error | null, bytes: number) => void;

/**
 * `sent`: how many datagrams the system has taken. `error`: that of the first which it did not take, by their order; its
 * `index` is that datagram's place among the messages, and it has none if all of them were refused together.
 */
type SendManyCallback = (error: (Error & { index?: number }) | null, sent: number) => void;

/**
 * A UDP socket; {@link createSocket} makes one. Its {@link SocketEventMap | events} are `'listening'`, `'message'`,
 * `'connect'`, `'error'` and `'close'`.
 *
 * Once it is closed, `bind`, `send`, `close`, `address`, `remoteAddress` and the multicast methods throw
 * `ERR_SOCKET_DGRAM_NOT_RUNNING`, and the remaining options a `TypeError`. Node's documentation: "Class: dgram.Socket".
 */
export class Socket extends EventEmitter {
  /**
   * Binds the socket and starts to receive; keeps the process running until `close()` or `unref()`. `'listening'` follows
   * in a later tick, or `'error'`: `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES` (ports below 1024), `EINVAL` (address of the
   * other family), or what the look-up of a host name answered; then the socket can be bound again. Throws
   * `ERR_SOCKET_ALREADY_BOUND` the second time. Node's documentation: "socket.bind([port][, address][, callback])".
   *
   * @param port 0 to 65535; 0 or undefined: the system chooses one.
   * @param address undefined: all interfaces, `0.0.0.0` or `::`.
   * @param callback a listener for `'listening'`.
   */
  bind(port?: number, address?: string, callback?: () => void): this;
  bind(port: number, callback: () => void): this;
  bind(callback: () => void): this;
  bind(options: BindOptions, callback?: () => void): this;

  /**
   * Binds the socket at once and answers its address; `'listening'` follows in the next tick. Throws what `bind()` emits,
   * `ERR_INVALID_ARG_VALUE` for a host name, `ERR_SOCKET_ALREADY_BOUND` the second time. Present in every version of Node
   * that heliogram runs on; Node itself has it from 26. Node's documentation: "socket.bindSync([options])".
   */
  bindSync(options?: BindSyncOptions): AddressInfo;

  /**
   * Keeps the socket to one peer: it sends to no other and hears no other. Binds it first if need be. `'connect'` follows;
   * if the look-up or the system refuses, the callback is given the error, or `'error'` is emitted. Throws
   * `ERR_SOCKET_DGRAM_IS_CONNECTED` if it is connected or about to be, `ERR_SOCKET_BAD_PORT`. Once it is connected, a
   * closed port of the peer shows as `ECONNREFUSED`. Node's documentation: "socket.connect(port[, address][, callback])".
   *
   * @param port the peer's port, 1 to 65535.
   * @param address undefined: `127.0.0.1` or `::1`.
   * @param callback a listener for `'connect'`, also called with the error.
   */
  connect(port: number, address?: string, callback?: () => void): void;
  connect(port: number, callback: () => void): void;

  /**
   * Connects at once, to an IP address; binds first if need be. `'connect'` follows in the next tick. Throws what
   * `connect()` reports, `ERR_SOCKET_ALREADY_BOUND` while `bind()` is under way. Present in every version of Node that
   * heliogram runs on; Node itself has it from 26. Node's documentation: "socket.connectSync(port[, address])".
   */
  connectSync(port: number, address?: string): void;

  /**
   * Ends the association that `connect()` made. Throws `ERR_SOCKET_DGRAM_NOT_CONNECTED`. On Linux a socket whose port the
   * system chose has no port afterwards, and hears nothing until it sends. Node's documentation: "socket.disconnect()".
   */
  disconnect(): void;

  /**
   * Closes the socket: its port is free, no listener hears of another datagram, and sends under way answer with
   * `ECANCELED`. `'close'` follows in the next tick. Throws `ERR_SOCKET_DGRAM_NOT_RUNNING` the second time.
   * Node's documentation: "socket.close([callback])".
   *
   * @param callback a listener for `'close'`.
   */
  close(callback?: () => void): this;

  /** Closes the socket unless it is closed, and fulfills once it is. Node's documentation: "socket[Symbol.asyncDispose]()". */
  [Symbol.asyncDispose](): Promise<void>;

  /** The address and port it is bound to. Throws `EBADF` while it is unbound. Node's documentation: "socket.address()". */
  address(): AddressInfo;

  /** The peer it is connected to. Throws `ERR_SOCKET_DGRAM_NOT_CONNECTED`. Node's documentation: "socket.remoteAddress()". */
  remoteAddress(): AddressInfo;

  /**
   * Sends one datagram of at most 65507 bytes over IPv4 and 65527 over IPv6; it may get lost, doubled or
   * overtaken on its way. Binds the socket first if need be. A connected socket takes no port and no address.
   *
   * The callback is given the error (`EMSGSIZE`, `ENETUNREACH`, `EINVAL` for an address of the other family,
   * `ERR_IP_BLOCKED`, a failed look-up) or the number of bytes. Without one, a failed look-up is emitted as `'error'` and
   * other errors are dropped. Throws `ERR_INVALID_ARG_TYPE`, `ERR_SOCKET_BAD_PORT` (without a port on an unconnected
   * socket too), `ERR_BUFFER_OUT_OF_BOUNDS`, `ERR_SOCKET_DGRAM_IS_CONNECTED`.
   *
   * The bytes may be read until the callback runs; change them no earlier.
   * Node's documentation: "socket.send(msg[, offset, length][, port][, address][, callback])".
   *
   * @param msg text is sent as UTF-8; an array's parts are sent as one datagram, an empty array as an empty one.
   * @param offset where in `msg` the datagram begins, in bytes; only with `length`, and not for arrays.
   * @param length the datagram's size in bytes.
   * @param port the receiver's port, 1 to 65535.
   * @param address the receiver's address or host name; undefined: `127.0.0.1` or `::1`.
   */
  send(msg: Sendable, port?: number, address?: string, callback?: SendCallback): void;
  send(msg: Sendable, port?: number, callback?: SendCallback): void;
  send(msg: Sendable, callback?: SendCallback): void;
  send(
    msg: string | NodeJS.ArrayBufferView,
    offset: number,
    length: number,
    port?: number,
    address?: string,
    callback?: SendCallback,
  ): void;
  send(msg: string | NodeJS.ArrayBufferView, offset: number, length: number, port?: number, callback?: SendCallback): void;
  send(msg: string | NodeJS.ArrayBufferView, offset: number, length: number, callback?: SendCallback): void;

  /**
   * Whether datagrams may be sent to a broadcast address, `SO_BROADCAST` (off at first; sending to one then fails with
   * `EACCES`). Throws `EBADF` while unbound. Node's documentation: "socket.setBroadcast(flag)".
   */
  setBroadcast(flag: boolean): void;

  /**
   * How many routers a datagram may pass, `IP_TTL` or `IPV6_UNICAST_HOPS`: 1 to 255, at first 64 on most systems. Answers
   * its argument. Throws `EINVAL` outside the range, `EBADF` while unbound. Node's documentation: "socket.setTTL(ttl)".
   */
  setTTL(ttl: number): number;

  /**
   * How many routers a multicast datagram may pass, `IP_MULTICAST_TTL` or `IPV6_MULTICAST_HOPS`: 0 (this machine) to 255,
   * at first 1. Answers its argument. Throws `EINVAL` outside the range, `EBADF` while unbound.
   * Node's documentation: "socket.setMulticastTTL(ttl)".
   */
  setMulticastTTL(ttl: number): number;

  /**
   * Whether multicast datagrams reach members on the sending machine too, `IP_MULTICAST_LOOP` (on at first). It is the
   * sender's setting on Unix, the receiver's on Windows. Answers its argument. Throws `EBADF` while unbound.
   * Node's documentation: "socket.setMulticastLoopback(flag)".
   */
  setMulticastLoopback(flag: boolean): boolean;

  /**
   * Chooses the interface by which multicast datagrams leave. udp4: an address of the interface, `'10.0.0.2'`; `'0.0.0.0'`
   * gives the choice back to the system. udp6: any address with the interface as its scope, `'::%eth1'` (on Windows its
   * number, `'::%2'`); `'::'` gives the choice back. On Unix an unknown scope counts as none. Throws `EINVAL` for what is
   * no address of the family, `EADDRNOTAVAIL` or `ENXIO` if no interface has it, `EBADF` while unbound.
   * Node's documentation: "socket.setMulticastInterface(multicastInterface)".
   */
  setMulticastInterface(multicastInterface: string): void;

  /**
   * Joins a multicast group, `IP_ADD_MEMBERSHIP` or `IPV6_JOIN_GROUP`; a socket may be in several, and in one on several
   * interfaces. Binds the socket at once if need be. Throws `EADDRINUSE` if it is a member already (so among the workers
   * of a cluster only one may join), `EINVAL` if it is no group of the family, `ENODEV` or `EADDRNOTAVAIL` if there is no
   * such interface, `ERR_MISSING_ARGS`. Node's documentation: "socket.addMembership(multicastAddress[, multicastInterface])".
   *
   * @param multicastInterface an address of the interface, or with udp6 `'::%eth0'`; undefined: the system chooses one.
   */
  addMembership(multicastAddress: string, multicastInterface?: string): void;

  /**
   * Leaves a multicast group; closing does so too. Throws `EADDRNOTAVAIL` if the socket is no member.
   * Node's documentation: "socket.dropMembership(multicastAddress[, multicastInterface])".
   */
  dropMembership(multicastAddress: string, multicastInterface?: string): void;

  /**
   * Joins a multicast group for what one source sends to it, `IP_ADD_SOURCE_MEMBERSHIP` or `MCAST_JOIN_SOURCE_GROUP`.
   * Binds the socket at once if need be. Throws as {@link Socket.addMembership} does; `EINVAL` or `EADDRNOTAVAIL` if the
   * families differ. Not on OpenBSD and NetBSD.
   * Node's documentation: "socket.addSourceSpecificMembership(sourceAddress, groupAddress[, multicastInterface])".
   */
  addSourceSpecificMembership(sourceAddress: string, groupAddress: string, multicastInterface?: string): void;

  /**
   * Leaves what {@link Socket.addSourceSpecificMembership} joined; closing does so too.
   * Node's documentation: "socket.dropSourceSpecificMembership(sourceAddress, groupAddress[, multicastInterface])".
   */
  dropSourceSpecificMembership(sourceAddress: string, groupAddress: string, multicastInterface?: string): void;

  /**
   * The size of the receive buffer in bytes, `SO_RCVBUF`; Linux answers twice what was set, its own needs included. Throws
   * `ERR_SOCKET_BUFFER_SIZE` while unbound. Node's documentation: "socket.getRecvBufferSize()".
   */
  getRecvBufferSize(): number;

  /** The size of the send buffer in bytes, `SO_SNDBUF`; as above. Node's documentation: "socket.getSendBufferSize()". */
  getSendBufferSize(): number;

  /**
   * Sets the receive buffer's size in bytes, 1 to 2147483647; the system may cut it down (Linux: `net.core.rmem_max`).
   * Throws `ERR_SOCKET_BAD_BUFFER_SIZE` for what is no such number, `ERR_SOCKET_BUFFER_SIZE` while unbound or if the
   * system refuses. Node's documentation: "socket.setRecvBufferSize(size)".
   */
  setRecvBufferSize(size: number): void;

  /** Sets the send buffer's size in bytes; as above (Linux: `net.core.wmem_max`). Node's documentation: "socket.setSendBufferSize(size)". */
  setSendBufferSize(size: number): void;

  /** Bytes that wait because the system's send buffer was full. Node's documentation: "socket.getSendQueueSize()". */
  getSendQueueSize(): number;

  /** Datagrams that wait because the system's send buffer was full. Node's documentation: "socket.getSendQueueCount()". */
  getSendQueueCount(): number;

  /** Lets the open socket keep the process running, as at first. Node's documentation: "socket.ref()". */
  ref(): this;

  /** Lets the process end though the socket is open. Node's documentation: "socket.unref()". */
  unref(): this;

  // From here to the methods of EventEmitter: what Node's socket does not have. The prototype does not list them, and a
  // program may use their names for properties of its own.

  /**
   * Reads nothing until `resume()`. No datagram that has been read is lost, and their order stays; what comes meanwhile
   * waits in the system's buffer ({@link Socket.setRecvBufferSize}), and what does not fit there the system drops. The
   * socket keeps the process running as before. May be called at any time, before the bind too.
   */
  pause(): this;

  /** Reads on, unless a reader of {@link Socket.messages} or {@link Socket.readable} has enough. */
  resume(): this;

  /** Whether `pause()` has been called and no `resume()` since. */
  isPaused(): boolean;

  /**
   * The messages that come from now on, for `for await`. The socket pauses while more wait than `highWaterMark` or
   * `highWaterMarkBytes` allows, and reads on when half of it is free; then `'message'` waits too. Several readers and the
   * listeners of `'message'` hear each message.
   *
   * The loop ends when the socket is closed, and throws its first `'error'`, in both cases after what came before.
   * Leaving the loop leaves the socket open and drops what this reader has not read. It does not bind the socket.
   * Throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, and `AbortError` if the signal is aborted.
   */
  messages(options?: MessagesOptions): AsyncIterableIterator<ReceivedMessage>;

  /** `for await (const { message, rinfo } of socket)`: as `messages()` without options. */
  [Symbol.asyncIterator](): AsyncIterableIterator<ReceivedMessage>;

  /**
   * The messages as a web stream, made when it is first read from; it ends as {@link Socket.messages} does. Cancelling it
   * leaves the socket open.
   */
  readonly readable: ReadableStream<ReceivedMessage>;

  /**
   * A web stream that sends. A write is done at once, or when nothing waits any more if too much does
   * ({@link Socket.writableNeedDrain}); the first datagram that fails is the end of the stream, and so is the close of the
   * socket: `ERR_SOCKET_DGRAM_NOT_RUNNING`. Closing it waits for what waits, and leaves the socket open.
   */
  readonly writable: WritableStream<OutgoingMessage>;

  /** Bytes that wait to be sent. Counted from the first time that it, or `writableNeedDrain`, is read or an option given. */
  readonly writableLength: number;

  /**
   * Whether a program should send nothing until `'drain'`: so much waits for the bind, for its look-up, or for room in the
   * system that `writableHighWaterMark` has been reached. Sending is possible all the same. See `writableLength`.
   */
  readonly writableNeedDrain: boolean;

  /** Closes the socket unless it is closed, at the end of a block with `using`; as {@link Socket.close}, without waiting. */
  [Symbol.dispose](): void;

  /**
   * Sends one datagram that says how it leaves, by itself and at once, in order with the others. On a connected socket
   * `port` and `address` are undefined. As {@link Socket.send}; the callback is given `ENOTSUP` for what the system lacks.
   * Throws `ERR_OUT_OF_RANGE` and `ERR_INVALID_ARG_TYPE` for options that are none.
   */
  send(
    msg: Sendable,
    port: number | null | undefined,
    address: string | null | undefined,
    options: SendOptions,
    callback?: SendCallback,
  ): void;
  send(
    msg: string | NodeJS.ArrayBufferView,
    offset: number,
    length: number,
    port: number,
    address: string | null | undefined,
    options: SendOptions,
    callback?: SendCallback,
  ): void;
  send(msg: string | NodeJS.ArrayBufferView, offset: number, length: number, options: SendOptions, callback?: SendCallback): void;
  send(msg: Sendable, options: SendOptions, callback?: SendCallback): void;

  /**
   * Sends datagrams for less than as many calls of {@link Socket.send}. Those to one destination leave in order, also with those
   * before and after; datagrams of one size leave as GSO batches, for which those to each destination may leave together. If
   * the socket's `offload` is false, all of them leave one by one in order.
   *
   * `port`, `address` and `options` are those of each datagram that does not name its own. A connected socket takes neither
   * port nor address. All of it is checked before anything leaves: it throws what `send()` throws, and then nothing is sent.
   * Each address is looked up once, and the datagrams leave when the last of them has been found. One that fails keeps no
   * other back. If they exceed `maxSendQueueSize` or `maxSendQueueCount`, all of them are refused.
   *
   * The callback is called once, when each has left or failed, also if the bind fails or the socket is closed before
   * (`ERR_SOCKET_DGRAM_NOT_RUNNING`). Without one, a failed look-up is emitted as `'error'` and other errors are dropped. The
   * bytes may be read until it runs.
   */
  sendMany(messages: readonly OutgoingDatagram[], callback?: SendManyCallback): void;
  sendMany(messages: readonly OutgoingDatagram[], options: SendOptions, callback?: SendManyCallback): void;
  sendMany(messages: readonly OutgoingDatagram[], port: number | undefined, callback?: SendManyCallback): void;
  sendMany(messages: readonly OutgoingDatagram[], port: number | undefined, options: SendOptions, callback?: SendManyCallback): void;
  sendMany(
    messages: readonly OutgoingDatagram[],
    port: number | undefined,
    address: string | undefined,
    callback?: SendManyCallback,
  ): void;
  sendMany(
    messages: readonly OutgoingDatagram[],
    port: number | undefined,
    address: string | undefined,
    options: SendOptions | undefined,
    callback?: SendManyCallback,
  ): void;

  /**
   * Asks the system for receive metadata of each datagram from now on, in the fields of {@link RemoteInfo}: what
   * is asked for here, and nothing else. Throws `ENOTSUP` for what the system lacks, `EBADF` while unbound,
   * `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
   */
  setRecvMetadata(info: RecvMetadataOptions): void;

  /**
   * Lets the system keep the errors that datagrams meet, ICMP messages above all, and emits each as `'queuedError'` (`IP_RECVERR`,
   * `IPV6_RECVERR`, Linux; elsewhere `ENOTSUP`). At first off: a server without a peer of its own never hears of a client
   * that is gone. While it is on, these errors are reported there only: no `send()` and no `'error'` gets the error of an
   * earlier datagram. Emitted while the socket receives. Throws `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
   */
  setRecvErrors(flag: boolean): void;

  /**
   * Names the clock of {@link SendOptions.transmitTime}: `'monotonic'` (that of `process.hrtime.bigint()`, for `fq`) or `'tai'`
   * (for `etf`; `EPERM` without `CAP_NET_ADMIN`). Linux: `SO_TXTIME`. Throws `ERR_INVALID_ARG_VALUE`, and as options do.
   */
  setTransmitTimeClock(clock: 'monotonic' | 'tai'): void;

  // The next block is generated from the table of heliogram/src/sys/sockopt.rs, by the test of node/src/layout.rs. Each throws as
  // the options below.
  // <socket options>
  /** Permits datagrams to broadcast addresses. Default: off. */
  getBroadcast(): boolean;
  /** How many routers a unicast datagram may pass. Default: 64 on most systems. From 1 to 255. */
  getTTL(): number;
  /** How many routers a multicast datagram may pass; 0 keeps it on this host. Default: 1. From 0 to 255. */
  getMulticastTTL(): number;
  /** Delivers multicast datagrams to members on this host too; on Windows the receiving socket decides. Default: on. */
  getMulticastLoopback(): boolean;
  /** Receives from every group that any socket of this host has joined, not only from this socket's. Default: on. Linux. */
  getMulticastAll(): boolean;
  /** Sets what {@link getMulticastAll} reads. */
  setMulticastAll(value: boolean): void;
  /** DSCP and ECN of the datagrams that have no traffic class of their own. Default: 0. From 0 to 255. Not on Windows. */
  getTOS(): number;
  /** Sets what {@link getTOS} reads. */
  setTOS(value: number): void;
  /** The priority of outgoing datagrams for the queueing discipline; over 6 needs CAP_NET_ADMIN (EPERM). Default: 0. From 0 to 2147483647. Linux. */
  getPriority(): number;
  /** Sets what {@link getPriority} reads. */
  setPriority(value: number): void;
  /** The mark of outgoing packets for routing rules and firewalls; needs CAP_NET_ADMIN (EPERM). Default: 0. From 0 to 4294967295. Linux. */
  getMark(): number;
  /** Sets what {@link getMark} reads. */
  setMark(value: number): void;
  /** Permits a bind to an address that this host does not have, or not yet. Default: off. Linux. */
  getFreebind(): boolean;
  /** Sets what {@link getFreebind} reads. */
  setFreebind(value: boolean): void;
  /** Permits a transparent proxy's bind to addresses of others; needs CAP_NET_ADMIN (EPERM). Default: off. Linux. */
  getTransparent(): boolean;
  /** Sets what {@link getTransparent} reads. */
  setTransparent(value: boolean): void;
  /** The processor whose datagrams this socket prefers among those that share its port; read: the processor of the last packet. From 0 to 2147483647. Linux. */
  getIncomingCPU(): number;
  /** Sets what {@link getIncomingCPU} reads. */
  setIncomingCPU(value: number): void;
  /** How many microseconds a receive that finds nothing polls the device; raising it needs CAP_NET_ADMIN (EPERM). Default: net.core.busy_read. From 0 to 2147483647. Linux. */
  getBusyPoll(): number;
  /** Sets what {@link getBusyPoll} reads. */
  setBusyPoll(value: number): void;
  // </socket options>

  // Options: each throws `ENOTSUP` where the system has no such thing, `EBADF` while unbound, `ERR_INVALID_ARG_TYPE` and
  // `ERR_OUT_OF_RANGE`, and `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.

  /**
   * Keeps routers and this host from fragmenting what is sent (`IP_MTU_DISCOVER`, `IP_DONTFRAG` and their kin). What exceeds
   * the interface's MTU then fails with `EMSGSIZE`. Not on Windows. On a socket whose descriptor others may have (`bind({ fd })`,
   * `child.send()`, the handle's `fd` was read) datagrams over IPv4 are sent as GSO batches only after this call.
   */
  setDontFragment(flag: boolean): void;

  /** The MTU of the path to the peer in bytes, IP header included, as far as the kernel knows it. Linux. `ENOTCONN` without a peer. */
  getMTU(): number;

  /** Keeps the socket to what comes and leaves by one interface; null: to none. `ENODEV`, `EPERM`. Linux (`SO_BINDTODEVICE`), macOS. */
  bindToDevice(device: string | null): void;

  /**
   * Says which of the sockets that share this one's port by `reusePort` gets a datagram, those of other processes included, if
   * they are the same user's: one of them says it for all, when all are bound. They are numbered in the order in which they
   * were bound; the last takes the number of one that is closed. `heliogram/workers` does this for threads.
   * `SO_ATTACH_REUSEPORT_CBPF`, Linux. `EINVAL` on a socket that shares nothing. Throws `ERR_INVALID_ARG_VALUE`.
   *
   * @param sockets how many there are, 1 or more (default 1).
   */
  setReusePortSteering(steer: Steering, sockets?: number): void;

  /** Chooses the interface by which multicast leaves, as `setMulticastInterface()` by any of its names. `ENODEV` for an unknown name. */
  setGroupInterface(interface: InterfaceChoice): void;

  /**
   * Joins a multicast group, or what one source sends to it, as `addMembership()` and `addSourceSpecificMembership()`, by any
   * name of the interface. An unbound socket gets a port from the system, keeps it when it sends, and cannot be bound to another.
   * `ENODEV` for an unknown interface, `EADDRINUSE` if it is joined already, `ENOBUFS` past `net.ipv4.igmp_max_memberships`.
   *
   * On all interfaces (`'*'`) it may be called again whenever interfaces have come: interfaces that are joined already are
   * among `joined`. It throws the first error if no interface could be joined.
   */
  joinGroup(group: string, options: GroupOptions & { interface: '*' }): { joined: string[]; failed: InterfaceFailure[] };
  joinGroup(group: string, options?: GroupOptions): void;

  /** Leaves what `joinGroup()` has joined. `EADDRNOTAVAIL` if the socket is no member. `'*'` as in `joinGroup()`. */
  leaveGroup(group: string, options: GroupOptions & { interface: '*' }): { left: string[]; failed: InterfaceFailure[] };
  leaveGroup(group: string, options?: GroupOptions): void;

  /**
   * Reads an option by the system's own numbers (`getsockopt(2)`): its bytes, at most `size` of them, 0 to 65536 (default 256). Throws
   * the system's error, `EBADF` while unbound; `ENOTSUP` on Windows.
   */
  getOption(level: number, name: number, size?: number): Message;

  /**
   * Sets an option by the system's own numbers (`setsockopt(2)`). Throws `ERR_HELIOGRAM_MANAGED_OPTION` for what the socket manages
   * itself and would misread what it receives if it changed: offload, path MTU discovery, the error queue, packet information,
   * timestamps, transmit times and filters; they have methods of their own. Else as `getOption()`.
   */
  setOption(level: number, name: number, value: NodeJS.ArrayBufferView): void;

  /** What the socket has sent and received so far. Throws `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed. */
  stats(): SocketStats;

  // The methods of EventEmitter that know the events of a socket.
  addListener<E extends keyof SocketEventMap>(event: E, listener: (...args: SocketEventMap[E]) => void): this;
  addListener(event: string | symbol, listener: (...args: any[]) => void): this;
  on<E extends keyof SocketEventMap>(event: E, listener: (...args: SocketEventMap[E]) => void): this;
  on(event: string | symbol, listener: (...args: any[]) => void): this;
  once<E extends keyof SocketEventMap>(event: E, listener: (...args: SocketEventMap[E]) => void): this;
  once(event: string | symbol, listener: (...args: any[]) => void): this;
  prependListener<E extends keyof SocketEventMap>(event: E, listener: (...args: SocketEventMap[E]) => void): this;
  prependListener(event: string | symbol, listener: (...args: any[]) => void): this;
  prependOnceListener<E extends keyof SocketEventMap>(event: E, listener: (...args: SocketEventMap[E]) => void): this;
  prependOnceListener(event: string | symbol, listener: (...args: any[]) => void): this;
  emit<E extends keyof SocketEventMap>(event: E, ...args: SocketEventMap[E]): boolean;
  emit(event: string | symbol, ...args: any[]): boolean;
}
