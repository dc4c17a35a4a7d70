'use strict';
// The handle of a Unix datagram socket: calls the addon and passes on what it receives. A result is a size or a negative
// errno. Unlike UDP sockets these are read message by message: their queues are short, and their senders wait.

const { AsyncResource } = require('node:async_hooks');
const { constants } = require('node:os');
const environment = require('../bridge/env.js');
const { TURN, UNIX_READY: { READABLE, WRITABLE } } = require('../bridge/layout.js');
const { demandPath, runTicks } = require('../runtime/index.js');
const { ErrnoException, ExceptionWithHostPort } = require('../common/errors.js');

const EAGAIN = -constants.errno.EAGAIN;

/** Bytes of a message: more than the default send buffers allow. */
const MAX_MESSAGE = 256 * 1024;

let buffer; // of one message, made for the first one

class UnixHandle {
  /** `events` has `onmessage(message, rinfo)`, `onerror(error)` and `onwritable()`. */
  constructor({ replaceStale = false, unlink = true }, events) {
    this.events = events;
    this.native = environment.openUnixDatagram(Boolean(replaceStale), Boolean(unlink));
    if (this.native === undefined) throw new ErrnoException(-constants.errno.ENOTSUP, 'socket');
    this.resource = new AsyncResource('UNIXDGRAM', { requireManualDestroy: true });
    this.reads = false;
    this.waits = false;
  }

  bind(path) {
    demandPath?.(path);
    return this.native.bind(path);
  }

  connect(path) {
    demandPath?.(path);
    return this.native.connect(path);
  }

  /** To the peer, or to a path. */
  send(bytes, path) {
    if (path !== undefined) demandPath?.(path);
    return this.native.send(bytes, path);
  }

  /** Starts to receive. */
  read() {
    this.reads = true;
    return this.watch();
  }

  /** Calls `onwritable` while the peer's queue is not full, until this is turned off. */
  awaitWritable(on) {
    this.waits = on;
    return this.watch();
  }

  /** One that waits for nothing may be collected. */
  watch() {
    if (this.reads || this.waits) environment.unixHandles.set(this.native.number, this);
    else environment.unixHandles.delete(this.native.number);
    return this.native.watch(this.reads, this.waits);
  }

  ready(what) {
    if (what < 0) return void this.resource.runInAsyncScope(emitOutcome, undefined, this.events, what);
    if (what & WRITABLE && this.waits) this.resource.runInAsyncScope(this.events.onwritable, this.events);
    if (what & READABLE) this.receive();
    return undefined;
  }

  receive() {
    buffer ??= Buffer.allocUnsafeSlow(MAX_MESSAGE);
    for (let count = 0; count < TURN.MESSAGES && this.native !== undefined && this.reads; count++) {
      const outcome = this.native.receive(buffer);
      if (outcome === EAGAIN) return;
      if (count > 0) runTicks();
      if (this.native === undefined) return;
      this.resource.runInAsyncScope(emitOutcome, undefined, this.events, outcome);
    }
  }

  close() {
    const { native } = this;
    this.native = undefined;
    environment.unixHandles.delete(native.number);
    this.resource.emitDestroy();
    return native.close();
  }
}

function emitOutcome(events, outcome) {
  if (typeof outcome === 'number') return events.onerror(new ErrnoException(outcome, 'recvmsg'));
  const { size, address, truncated, credentials } = outcome;
  const rinfo = { address, size, ...(truncated && { truncated }), ...(credentials && { credentials }) };
  return events.onmessage(Buffer.from(buffer.subarray(0, size)), rinfo);
}

/** The error of an outcome: `bind EADDRINUSE /run/log`. An abstract name stands behind an `@`. */
function errorOf(outcome, syscall, path) {
  if (path === undefined) return new ErrnoException(outcome, syscall);
  return new ExceptionWithHostPort(outcome, syscall, path.replace(/^\0/, '@'));
}

module.exports = { EAGAIN, UnixHandle, errorOf };
