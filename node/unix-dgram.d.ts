/**
 * The interface of npm's package `unix-dgram`: `import { createSocket } from 'heliogram/unix-dgram'`. Events and callbacks
 * come before the call returns, and a path stays when its socket is closed. For new programs `createSocket('unix_dgram')` of
 * `heliogram` is the better one. Not on Windows (`ENOTSUP`).
 */

import { EventEmitter } from 'node:events';
import * as dgram from './index.js';

/** Where a message is from. */
export type RemoteInfo = dgram.UnixRemoteInfo;

/** Makes a socket; the other types are those of `heliogram`. Throws `ERR_SOCKET_BAD_TYPE`. */
export function createSocket(type: 'unix_dgram', listener?: (message: dgram.Message, rinfo: RemoteInfo) => void): Socket;
export function createSocket(type: dgram.SocketType, listener?: (message: dgram.Message, rinfo: dgram.RemoteInfo) => void): dgram.Socket;

/** `code` is the system's number, negative; or 1, with the message `congestion`, if the peer's queue is full. */
type Callback = (error?: Error & { code: number }) => void;

/**
 * A socket. Events: `'message'`, `'listening'`, `'connect'`; `'error'` (the error's `code` is the system's number, negative);
 * `'congestion'` with a message that the peer's full queue has refused, if its send had no callback; `'writable'` when
 * it may be sent again.
 */
export class Socket extends EventEmitter {
  constructor(type: 'unix_dgram', listener?: (message: dgram.Message, rinfo: RemoteInfo) => void);
  readonly type: 'unix_dgram';
  /** True once `connect()` has succeeded. */
  connected?: boolean;
  /** Binds to a path, or to an abstract name behind a NUL (Linux). */
  bind(path: string): void;
  /** Makes the path's socket the only peer. */
  connect(path: string): void;
  /** Sends to the peer. */
  send(message: dgram.Message, callback?: Callback): void;
  /** Sends a part of a buffer to a path. Without a callback a failure is an `'error'`. */
  send(message: dgram.Message, offset: number, length: number, path: string, callback?: Callback): void;
  sendto(message: dgram.Message, offset: number, length: number, path: string, callback?: Callback): void;
  /** The same. */
  send_to(message: dgram.Message, offset: number, length: number, path: string, callback?: Callback): void;
  /** Closes the socket; its path stays. */
  close(): void;
  ref(): void;
  unref(): void;
}
