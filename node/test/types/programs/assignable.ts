// heliogram's types assigned to the host's, and the host's to heliogram's. Compiling is the test.
import * as host from 'node:dgram';
import * as heliogram from 'heliogram';

/** What the host's types lack: methods newer than this version, and our own. The annotation of `newer` lists all of them. */
type Newer = Exclude<keyof heliogram.Socket, keyof host.Socket>;
type Own = 'isPaused' | 'messages' | 'pause' | 'readable' | 'resume' | 'sendMany' | 'writable' | 'writableLength' | 'writableNeedDrain';
type Sockopt = 'Priority' | 'Mark' | 'Freebind' | 'Transparent' | 'TOS' | 'MulticastAll' | 'IncomingCPU' | 'BusyPoll';
type OfNode = 'Broadcast' | 'TTL' | 'MulticastTTL' | 'MulticastLoopback';
type Option = `get${OfNode | Sockopt}` | `set${Sockopt}` | 'bindToDevice' | 'getMTU' | 'getOption' | 'setOption' | 'joinGroup' | 'leaveGroup' | 'setDontFragment' | 'setGroupInterface'
  | 'setTransmitTimeClock' | 'setRecvErrors' | 'setRecvMetadata' | 'setReusePortSteering' | 'stats';
type OwnSymbol = typeof Symbol.asyncIterator | typeof Symbol.dispose;
const newer: readonly ('bindSync' | 'connectSync' | Own | Option | OwnSymbol)[] = [] as Newer[];

// The whole module, then each type by itself, so that an error names the culprit.
const module: Pick<typeof host, keyof typeof host> = heliogram;
const create: typeof host.createSocket = heliogram.createSocket;
const socket: host.Socket = heliogram.createSocket('udp4');
const event: keyof heliogram.SocketEventMap = 'message';

// Our send() has one more overload, so the host's is assignable only with that overload added.
declare const hostSocket: host.Socket & Pick<heliogram.Socket, Newer | 'send'>;
const back: Pick<heliogram.Socket, Exclude<keyof heliogram.Socket, Newer>> = hostSocket;

declare const theirs: { rinfo: host.RemoteInfo; bind: host.BindOptions; options: host.SocketOptions; type: host.SocketType };
const ours: { rinfo: heliogram.RemoteInfo; bind: heliogram.BindOptions; options: heliogram.SocketOptions; type: heliogram.SocketType } = theirs;
const again: typeof theirs = ours;

// A listener typed for one is a listener for the other.
declare const listener: (msg: Parameters<Exclude<Parameters<typeof host.createSocket>[1], undefined>>[0], rinfo: host.RemoteInfo) => void;
heliogram.createSocket('udp4', listener).on('message', listener).once('message', listener).prependListener('message', listener);
hostSocket.on('message', (msg: heliogram.Message, rinfo: heliogram.RemoteInfo) => {});

/** A class that a program derives from Socket, and a function that takes the host's. */
class Derived extends heliogram.Socket {
  greet(): this {
    return this.on('listening', () => {}).ref().unref();
  }
}
const takesHost = (given: host.Socket) => given.address();
declare const derived: Derived;
takesHost(derived.greet());

export { newer, module, create, socket, event, back, ours, again };
