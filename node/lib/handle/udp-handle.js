'use strict';
// The handle of a socket: calls the addon, with the methods, arguments and results of the host's UDP handles, because
// programs use `socket[state].handle`. A result is 0 or a negative errno.

const { AsyncResource } = require('node:async_hooks');
const { constants } = require('node:os');
const { clearInterval, setImmediate, setInterval } = require('node:timers'); // Deno's own give numbers
const util = require('node:util');
const environment = require('../bridge/env.js');
const { OPEN_FLAG, STATE } = require('../bridge/layout.js');
const sendBatch = require('../bridge/send-batch.js');
const { adopt, demand, demandNet, kOwner, mayReach, queuesSends, socketToSend } = require('../runtime/index.js');
const hostHandles = require('./host-handle.js');
const { openFlags } = require('./open-flags.js');
const { RawHandle } = require('./raw-handle.js');

/** The connect state of a connected socket, as the host numbers it. */
const CONNECTED = 2;

const EMSGSIZE = -constants.errno.EMSGSIZE;

/** libuv's UV_UNKNOWN: Deno's error for a send without permission. */
const UNKNOWN = -4094;

/** Parts of one message (IOV_MAX). The addon joins them first, but the host has this limit. */
const MAX_PARTS = 1_024;

/** The longest delay of a timer, in milliseconds. */
const MAX_DELAY = 2 ** 31 - 1;

/** `close()` emits destroy, not the garbage collector. */
const MANUAL_DESTROY = { requireManualDestroy: true };

/** A group or an interface as text; undefined for none. */
const text = (value) => (value === undefined || value === null ? undefined : `${value}`);

class UdpHandle {
  constructor(type, lookup, options) {
    this.type = type;
    this.lookup = lookup;
    this.flags = openFlags(options);
    this.started = false;
    this.receiving = false;
    this.onmessage = undefined;
    this.onmessages = undefined;
    this.onerror = undefined;
    this[kOwner] = undefined;
    if (options.receiveCoalescing > 0) this.receiveCoalescing = options.receiveCoalescing;
    if (options.socketOptions !== undefined) this.beforeBind = options.socketOptions.before;
    this.number = this.openNative();
    this.stateBits = 0;
    this.resource = new AsyncResource('UDPWRAP', MANUAL_DESTROY);
  }

  /** The addon's object with the calls that few sockets need; the others are functions in `environment.calls`. */
  get native() {
    return (this.nativeHandle ??= environment.nativeHandleOf(this.number));
  }

  /** Whether answers may wait for the other answers of their delivery. */
  get mayHold() {
    return (this.flags & OPEN_FLAG.NO_OFFLOAD) === 0 && environment.permitsOffload;
  }

  get sharesAddress() {
    return (this.flags & OPEN_FLAG.REUSE_ADDR) !== 0;
  }

  /** The handle that programs see, some of whose methods they may have replaced. */
  get publicHandle() {
    return this.hostHandle ?? this;
  }

  get bindState() {
    return this.stateBits & STATE.BIND_MASK;
  }

  get connectState() {
    return this.stateBits >> STATE.CONNECT_SHIFT;
  }

  get connected() {
    return this.connectState === CONNECTED;
  }

  /** Flushes batched sends, then returns the native handle. */
  flushAndGetNative() {
    sendBatch.endEpoch();
    return this.native;
  }

  /** Reads the native state after a call that may have changed it. */
  step(outcome) {
    const stateBits = environment.calls.state(this.number);
    if (stateBits >= 0) this.stateBits = stateBits;
    return outcome;
  }

  /** The code of the error if the state forbids it, or undefined. */
  beginBind() {
    const stateBits = environment.calls.beginBind(this.number);
    if (stateBits < 0) return this.native.beginBind();
    this.stateBits = stateBits;
    return undefined;
  }

  abortBind() {
    return this.step(this.native.abortBind());
  }

  bind(address, port) {
    address = `${address}`; // once: an object may answer differently the next time
    demand?.(address, +port & 0xffff);
    const stateBits = environment.calls.bind(this.number, sendBatch.destination(address), +port & 0xffff);
    if (stateBits < 0) return this.step(stateBits);
    this.stateBits = stateBits;
    hostHandles.lend(this);
    return 0;
  }

  /** Ends the bind of a socket that has joined a group, which has given it a port. */
  finishImplicitBind() {
    const outcome = this.step(this.native.finishImplicitBind());
    if (outcome === 0) hostHandles.lend(this);
    return outcome;
  }

  bind6(address, port) {
    return this.bind(address, port);
  }

  /** Adopts a descriptor; the result is the name of its type if that is not UDP. */
  open(descriptor) {
    demandNet?.();
    this.abortBind();
    const outcome = this.native.adopt(descriptor, false, false);
    if (outcome === 0) hostHandles.lend(this);
    else this.native.beginBind();
    return this.step(outcome);
  }

  /**
   * Adopts the kernel's socket of a handle of the host's. `withWorkers` says that it is the one that cluster workers share, which use
   * it alike.
   */
  share(wrap, withWorkers) {
    const before = this.replaceNative();
    const outcome = adopt(this.native, wrap, withWorkers);
    this.hasSiblings = withWorkers;
    if (this.connectState === 1) this.native.beginConnect();
    environment.calls.close(before);
    hostHandles.replace(this, wrap);
    return this.step(outcome);
  }

  /** Becomes unbound again; the port is free. */
  reopen() {
    this.forget();
    environment.calls.close(this.replaceNative());
    hostHandles.reopen(this);
    this.step(0);
  }

  /** Continues with a new native socket; the number of the one before. */
  replaceNative() {
    const { number, native } = this;
    this.number = this.openNative();
    this.nativeHandle = undefined;
    this.takesBatches = this.hasTransmitTimestamps = false;
    environment.calls.reference(this.number, native.isReferenced() ? 1 : 0);
    return number;
  }

  openNative() {
    return environment.open(this.type, this.flags, this.receiveCoalescing, this.beforeBind);
  }

  beginConnect() {
    return this.step(this.native.beginConnect());
  }

  abortConnect() {
    return this.step(this.native.abortConnect());
  }

  connect(address, port) {
    address = `${address}`;
    demand?.(address, port);
    return this.step(this.flushAndGetNative().finishConnect(address, port));
  }

  connect6(address, port) {
    return this.connect(address, port);
  }

  disconnect() {
    return this.step(this.flushAndGetNative().disconnect());
  }

  /**
   * `send(request, list, count, port, address, hasCallback)`, or without port and address to the connected peer. A
   * positive result is the size plus one; 0: the datagram is queued; undefined: it is in the batch, which sets the
   * request's outcome when it is flushed.
   */
  send(request, list, count, port, address) {
    const toPeer = address === undefined;
    if (queuesSends) return sendBatch.enqueue(this.native, list, address, toPeer ? 0 : port, request);
    if (list.length > MAX_PARTS) return EMSGSIZE;
    const listener = request.isSilent ? undefined : request;
    if (toPeer) return this.sendToPeer(listener, list);
    const to = destination(address, port);
    if (to < sendBatch.PEER) return to;
    sendBatch.add(this.number, list, to, port, listener);
    if (listener === undefined && this.mayHold && sendBatch.holds()) return undefined;
    if (this.connected || !request.hasFollowers) return flushLast();
    sendBatch.flushSoon(true);
    return undefined;
  }

  /**
   * An absent peer refuses a later send (ECONNREFUSED), so the outcome of each depends on the one before. The first send
   * of a flush epoch leaves at once; the following ones are batched only after one that has left.
   */
  sendToPeer(request, list, options) {
    sendBatch.add(this.number, list, sendBatch.PEER, 0, request, options);
    sendBatch.flushSoon(request !== undefined || !this.mayHold);
    if (this.flushEpoch === sendBatch.currentEpoch()) return undefined;
    const outcome = flushLast();
    if (outcome > 0) this.flushEpoch = sendBatch.currentEpoch();
    return outcome;
  }

  /** Sends a datagram with options, which is in no batch. */
  sendWith(request, address) {
    const { list, port, options } = request;
    const to = destination(address, port);
    if (to < sendBatch.PEER) return to;
    const refusal = this.prepareTransmitTimestamp(options);
    if (refusal < 0) return refusal;
    sendBatch.endEpoch();
    sendBatch.add(this.number, list, to, port ?? 0, request.isSilent ? undefined : request, options);
    return flushLast();
  }

  /**
   * Adds a datagram of sendMany() to the batch, which sets its outcome when it is flushed. A result is that of one not added.
   */
  add(batch, list, { port, options }, address) {
    if (queuesSends) return sendBatch.enqueue(this.native, list, address, port ?? 0, batch) || sendBatch.WAITS;
    if (list.length > MAX_PARTS) return EMSGSIZE;
    const to = destination(address, port);
    if (to < sendBatch.PEER) return to;
    const refusal = this.prepareTransmitTimestamp(options);
    if (refusal < 0) return refusal;
    if (to === sendBatch.PEER) this.sendToPeer(batch, list, options);
    else sendBatch.add(this.number, list, to, port, batch, options);
    return undefined;
  }

  /** Enables transmit timestamps for the first datagram that asks for one; 0 or a negative errno. */
  prepareTransmitTimestamp(options) {
    if (!options?.transmitTimestamp || this.hasTransmitTimestamps) return 0;
    const outcome = this.native.enableTransmitTimestamps();
    this.hasTransmitTimestamps = outcome === 0;
    return outcome;
  }

  send6(...args) {
    return this.send(...args);
  }

  recvStart() {
    this.started = true;
    environment.receivers[this.number] = this;
    return this.receive();
  }

  recvStop() {
    this.forget();
    return this.receive();
  }

  /** Receives no more messages. */
  forget() {
    this.started = this.receiving = false;
    if (this.keepAliveTimer !== undefined) this.updateKeepAlive();
    environment.receivers[this.number] = undefined;
  }

  /** Pauses or resumes receiving. */
  setPaused(on) {
    if (this.paused === on) return;
    this.paused = on;
    sendBatch.flush();
    this.receive();
  }

  receive() {
    this.receiving = this.started && !this.paused;
    if (this.keepAliveTimer !== undefined || this.started && this.paused) this.updateKeepAlive();
    return environment.calls.receive(this.number, this.receiving ? 1 : 0);
  }

  /** A paused socket has no watch in the loop, but must keep the process alive as any open socket: a timer does. */
  updateKeepAlive() {
    clearInterval(this.keepAliveTimer);
    this.keepAliveTimer = this.started && this.paused ? setInterval(() => {}, MAX_DELAY) : undefined;
    if (this.keepAliveTimer !== undefined && !this.hasRef()) this.keepAliveTimer.unref();
  }

  /** The callback is for programs that close the handle; it runs when the host has closed its own. */
  close(callback) {
    this.forget();
    sendBatch.endEpoch();
    const canceled = environment.calls.close(this.number);
    this.number = -1;
    hostHandles.close(this, callback);
    this.resource.emitDestroy();
    if (canceled > 0) setImmediate(sendBatch.cancel, environment.lost());
  }

  ref() {
    environment.calls.reference(this.number, 1);
    this.keepAliveTimer?.ref();
    hostHandles.reference(this);
  }

  unref() {
    environment.calls.reference(this.number, 0);
    this.keepAliveTimer?.unref();
    hostHandles.reference(this);
  }

  hasRef() {
    return hostHandles.isReferenced(this);
  }

  getAsyncId() {
    return this.resource.asyncId();
  }

  get fd() {
    return this.native.descriptor();
  }

  /** For Deno's child_process: a duplicate of the descriptor for the child. */
  fdForIpc() {
    return this.native.duplicate();
  }

  /** For Bun's child_process: a socket of Bun's for the child. */
  get socket() {
    this.socketForChild ??= socketToSend?.(this.native, this.type, new RawHandle(this.type, { reuseAddr: this.sharesAddress }));
    return this.socketForChild;
  }

  getsockname(out) {
    return fill(out, this.native.address());
  }

  getpeername(out) {
    return fill(out, this.native.remoteAddress());
  }

  setBroadcast(on) {
    return this.flushAndGetNative().setBroadcast(Boolean(on));
  }

  setTTL(ttl) {
    return this.flushAndGetNative().setTTL(ttl | 0);
  }

  setMulticastTTL(ttl) {
    return this.flushAndGetNative().setMulticastTTL(ttl | 0);
  }

  setMulticastLoopback(on) {
    return this.flushAndGetNative().setMulticastLoopback(Boolean(on));
  }

  setMulticastInterface(address) {
    return this.flushAndGetNative().setMulticastInterface(String(address));
  }

  /** A membership call binds an unbound socket to all addresses. */
  demandImplicitBind() {
    if (this.bindState === 0) demand?.(this.type === 'udp4' ? '0.0.0.0' : '::', 0);
  }

  addMembership(group, address) {
    this.demandImplicitBind();
    return this.native.membership(true, `${group}`, text(address));
  }

  dropMembership(group, address) {
    this.demandImplicitBind();
    return this.native.membership(false, `${group}`, text(address));
  }

  addSourceSpecificMembership(source, group, address) {
    this.demandImplicitBind();
    return this.native.sourceMembership(true, source, group, text(address));
  }

  dropSourceSpecificMembership(source, group, address) {
    this.demandImplicitBind();
    return this.native.sourceMembership(false, source, group, text(address));
  }

  /** The size; or undefined, and the error's properties in `failure`. */
  bufferSize(size, receive, failure) {
    const outcome = this.flushAndGetNative().bufferSize(size, receive);
    if (outcome >= 0) return outcome;
    const [code, message] = util.getSystemErrorMap().get(outcome);
    const syscall = receive ? 'uv_recv_buffer_size' : 'uv_send_buffer_size';
    Object.assign(failure, { errno: outcome, code, message, syscall });
    return undefined;
  }

  getSendQueueSize() {
    return this.flushAndGetNative().sendQueueSize();
  }

  getSendQueueCount() {
    return this.flushAndGetNative().sendQueueCount();
  }
}

/** Properties that few sockets have, so that they cost the others no memory. */
Object.assign(UdpHandle.prototype, {
  receiveCoalescing: 0,
  beforeBind: undefined,
  paused: false,
  hasSiblings: false,
  takesBatches: false,
  isSlow: false,
  hasTransmitTimestamps: false,
  keepAliveTimer: undefined,
  hostHandle: undefined,
  hostClose: undefined,
  socketForChild: undefined,
  nativeHandle: undefined,
  flushEpoch: -1,
});

/** The number of a destination in the addon's table (the peer's if there is no address), or a negative errno. */
function destination(address, port) {
  if (address === undefined) return sendBatch.PEER;
  if (mayReach === undefined) return sendBatch.destination(address);
  const text = `${address}`; // once: an object may answer differently the next time
  return mayReach(text, port) ? sendBatch.destination(text) : UNKNOWN;
}

/** Flushes the batch; the result of its last datagram. */
function flushLast() {
  const outcome = sendBatch.flush();
  if (outcome === sendBatch.WAITS) return 0;
  return outcome < 0 ? outcome : outcome + 1;
}

function fill(out, address) {
  if (typeof address === 'number') return address;
  Object.assign(out, address);
  return 0;
}

module.exports = { UdpHandle };
