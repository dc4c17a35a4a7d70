/**
 * Threads that share a UDP port, each with a socket and a queue of the kernel's of its own:
 * `import { listen } from 'heliogram/workers'`. Not in Node. Linux and FreeBSD (`reusePort`); elsewhere `listen` fails with
 * `ENOTSUP`.
 */

import { EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import * as dgram from './index.js';

/** What a thread's program gets besides its socket. */
export interface WorkerInfo<Data = any> {
  /** Which of the threads this is, from 0; steering counts them so. */
  index: number;
  /** How many there are. */
  workers: number;
  /** A copy of the option `data`. */
  data: Data;
}

/**
 * The default export of a thread's program. It is called before the socket is bound, so that no datagram comes before its
 * listeners; `listen` waits for its promise.
 */
export type WorkerProgram<Data = any> = (socket: dgram.Socket, info: WorkerInfo<Data>) => void | Promise<void>;

export type Steering = dgram.Steering;

export interface ListenOptions<Data = any> {
  /** The module whose default export is a {@link WorkerProgram}: a path or a URL of a file. */
  file: string | URL;
  /** How many threads, 1 to 1024. Default: as many as there are processors. */
  workers?: number | undefined;
  /** Default: `'udp4'`. */
  type?: dgram.SocketType | undefined;
  /** The port. Default: 0, one of the system's choice, the same for all. */
  port?: number | undefined;
  /** The local address. Default: all interfaces. */
  address?: string | undefined;
  /** Default: `'flow'`. Steering begins when all are bound. */
  steer?: Steering | undefined;
  /** For the program; copied to each thread. */
  data?: Data | undefined;
  /** Further options of the sockets, as far as they can be copied to a thread. */
  socket?: Partial<dgram.SocketOptions> | undefined;
}

/** Threads at work. Events: `'message'` (what a thread posted by `parentPort.postMessage`, and its `Worker`), `'error'` (what a thread threw). */
export interface Group extends EventEmitter {
  /** The local address of all sockets. */
  readonly address: string;
  /** The port of all sockets. */
  readonly port: number;
  /** The threads, by their index. */
  readonly workers: readonly Worker[];
  /** Closes the sockets, whose `'close'` events run, and ends the threads. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts the threads, and binds their sockets one after the other. Fails with what a program throws, with the errors of
 * `bind`, or with those of wrong arguments (`ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_SOCKET_BAD_PORT`); then no
 * thread is left.
 */
export function listen<Data = any>(options: ListenOptions<Data>): Promise<Group>;
