/**
 * Sockets whose operations are promises: `import { createSocket } from 'heliogram/promises'`. Not in Node.
 *
 * Errors carry the codes of the other sockets. An operation that is given up is broken with an `AbortError` (`ABORT_ERR`,
 * the signal's reason as its `cause`) or, after `timeout`, with the `DOMException` that `AbortSignal.timeout` gives
 * (`TimeoutError`); one that is under way when the socket is closed, with `ERR_SOCKET_DGRAM_NOT_RUNNING`.
 */

import { AddressInfo } from 'node:net';
import * as dgram from './index.js';

/** How long to wait. */
export interface WaitOptions {
  /** Gives the operation up when it is aborted. */
  signal?: AbortSignal | undefined;
  /** Gives the operation up after so many milliseconds, 0 to 2147483647. */
  timeout?: number | undefined;
}

/** How to make a socket: as the other one, and how much may wait to be received. */
export interface SocketOptions extends dgram.SocketOptions, dgram.ReaderOptions {}

/** Makes a socket. Throws what `createSocket` of `heliogram` throws, and `ERR_OUT_OF_RANGE`. */
export function createSocket(options: dgram.SocketType | SocketOptions): Socket;

export interface Socket extends Pick<dgram.Socket, SynchronousMethods> {}

/** The methods that are those of the wrapped socket: addresses, options, groups. */
type SynchronousMethods =
  | 'address' | 'remoteAddress' | 'disconnect' | 'isPaused' | 'stats'
  | 'addMembership' | 'dropMembership' | 'addSourceSpecificMembership' | 'dropSourceSpecificMembership' | 'joinGroup' | 'leaveGroup'
  | 'bindToDevice' | Extract<keyof dgram.Socket, `get${string}` | `set${string}`>;

/**
 * A socket that receives from its bind on: what nobody has asked for waits, up to `highWaterMark` messages (default 256) and
 * `highWaterMarkBytes` (default 1048576); then it pauses, and the system keeps or drops what comes. Errors of receiving
 * wait among the messages.
 */
export class Socket {
  constructor(options: dgram.SocketType | SocketOptions);

  /** The socket that this one wraps. */
  readonly socket: dgram.Socket;

  pause(): this;
  resume(): this;
  ref(): this;
  unref(): this;

  /**
   * Binds the socket; the address and port it is bound to. Giving up leaves the bind under way: close the socket to end it.
   * Fails as {@link dgram.Socket.bind} does; then it can be bound again.
   */
  bind(options?: dgram.BindOptions & WaitOptions): Promise<AddressInfo>;
  bind(port: number | undefined, options?: WaitOptions): Promise<AddressInfo>;
  bind(port: number | undefined, address: string | undefined, options?: WaitOptions): Promise<AddressInfo>;

  /** Keeps the socket to one peer; binds it first if need be. Fails as {@link dgram.Socket.connect} does. */
  connect(port: number, options?: WaitOptions): Promise<void>;
  connect(port: number, address: string | undefined, options?: WaitOptions): Promise<void>;

  /**
   * Sends one datagram; how many bytes. Binds the socket first if need be. A connected socket takes no port and no address
   * (`ERR_SOCKET_DGRAM_IS_CONNECTED`). Giving up does not call a datagram back that is on its way. Fails as
   * {@link dgram.Socket.send} does.
   */
  send(message: dgram.Sendable, options?: dgram.SendOptions & WaitOptions): Promise<number>;
  send(message: dgram.Sendable, port: number, options?: dgram.SendOptions & WaitOptions): Promise<number>;
  send(message: dgram.Sendable, port: number, address: string | undefined, options?: dgram.SendOptions & WaitOptions): Promise<number>;

  /**
   * Sends many datagrams as {@link dgram.Socket.sendMany} does; how many, which is all of them. It fails with the error of the
   * first that could not leave, whose place among `messages` is the error's `index`; the others have left all the same.
   */
  sendMany(messages: readonly dgram.OutgoingDatagram[], options?: dgram.SendOptions & WaitOptions): Promise<number>;
  sendMany(messages: readonly dgram.OutgoingDatagram[], port: number | undefined, options?: dgram.SendOptions & WaitOptions): Promise<number>;
  sendMany(
    messages: readonly dgram.OutgoingDatagram[],
    port: number | undefined,
    address: string | undefined,
    options?: dgram.SendOptions & WaitOptions,
  ): Promise<number>;

  /**
   * The next message, or the next error of receiving. Several calls are served in their order; one that is given up takes
   * no message with it. Does not bind the socket. On a closed one it fails with `ERR_SOCKET_DGRAM_NOT_RUNNING`, once what
   * came before is read.
   */
  receive(options?: WaitOptions): Promise<dgram.ReceivedMessage>;

  /** Closes the socket. Fails with `ERR_SOCKET_DGRAM_NOT_RUNNING` the second time. */
  close(): Promise<void>;

  /** Messages until the socket is closed. Errors of receiving are thrown; what one loop leaves is there for the next. */
  [Symbol.asyncIterator](): AsyncIterableIterator<dgram.ReceivedMessage>;

  /** Closes the socket unless it is closed: `await using socket = createSocket('udp4')`. */
  [Symbol.asyncDispose](): Promise<void>;
}
