'use strict';
// What stands behind a socket: the native half, with the methods, arguments and outcomes of the host's UDP handles, so
// that programs which reach for `socket[state].handle` find what they know. Outcomes are 0, or the system's negative
// numbers.

const { AsyncResource } = require('node:async_hooks');
const { constants } = require('node:os');
const { clearInterval, setInterval } = require('node:timers'); // Deno's own give numbers
const util = require('node:util');
const environment = require('../bridge/env.js');
const gathering = require('../bridge/send-batch.js');
const { adopt, demand, kOwner, mayReach, queuesSends, socketToSend } = require('../runtime/index.js');
const view = require('./host-handle.js');
const { openFlags } = require('./open-flags.js');
const { RawHandle } = require('./raw-handle.js');

const EMSGSIZE = -constants.errno.EMSGSIZE;

/** libuv's number for an error that it does not know, which is what Deno makes of a send without permission. */
const UNKNOWN = -4094;

/** What the kernel takes at once (IOV_MAX). Ours joins the parts before, but programs know the limit from the host. */
const MOST_PARTS = 1_024;

/** The longest time that a timer can wait, in ms. */
const LONGEST = 2 ** 31 - 1;

/** The handle itself says when it is destroyed. */
const WITHOUT_COLLECTOR = { requireManualDestroy: true };

/** What stands for a group or an interface in a call. */
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
    this.number = environment.open(type, this.flags, this.receiveCoalescing);
    this.standing = 0;
    this.resource = new AsyncResource('UDPWRAP', WITHOUT_COLLECTOR);
  }

  /** What does more for this socket than `environment.calls`; few sockets ever need it. */
  get native() {
    return (this.half ??= environment.half(this.number));
  }

  get sharesAddress() {
    return (this.flags & environment.FLAG.reuseAddr) !== 0;
  }

  /** The handle as others see it, who may have replaced methods of it. */
  get exposed() {
    return this.view ?? this;
  }

  get bindState() {
    return this.standing & 3;
  }

  get connectState() {
    return this.standing >> 2;
  }

  get connected() {
    return this.standing >> 2 === 2;
  }

  /** Flushes batched sends, then returns the native handle. */
  flushAndGetNative() {
    gathering.endStretch();
    return this.native;
  }

  /** Takes over where the native half stands now. */
  step(outcome) {
    const standing = environment.calls.state(this.number);
    if (standing >= 0) this.standing = standing;
    return outcome;
  }

  /** A rule that forbids it, or undefined. */
  beginBind() {
    const standing = environment.calls.beginBind(this.number);
    if (standing < 0) return this.native.beginBind();
    this.standing = standing;
    return undefined;
  }

  abandonBind() {
    return this.step(this.native.abandonBind());
  }

  bind(address, port) {
    demand?.(address, +port & 0xffff);
    const standing = environment.calls.bind(this.number, gathering.destination(`${address}`), +port & 0xffff);
    if (standing < 0) return this.step(standing);
    this.standing = standing;
    view.lend(this);
    return 0;
  }

  bind6(address, port) {
    return this.bind(address, port);
  }

  /** Takes over a descriptor; a text says what it is instead of a UDP socket. */
  open(descriptor) {
    this.abandonBind();
    const outcome = this.native.adopt(descriptor, false);
    if (outcome === 0) view.lend(this);
    else this.native.beginBind();
    return this.step(outcome);
  }

  /** Goes on with the kernel's socket that a handle of the host's holds: the one that cluster workers share. */
  share(wrap) {
    const { number, native } = this;
    this.number = environment.open(this.type, this.flags, this.receiveCoalescing);
    this.half = undefined;
    this.hearsWhole = this.hasTransmitTimestamps = false;
    environment.calls.reference(this.number, native.isReferenced() ? 1 : 0);
    const outcome = adopt(this.native, wrap);
    if (this.connectState === 1) this.native.beginConnect();
    environment.calls.close(number);
    view.replace(this, wrap);
    return this.step(outcome);
  }

  beginConnect() {
    return this.step(this.native.beginConnect());
  }

  abandonConnect() {
    return this.step(this.native.abandonConnect());
  }

  connect(address, port) {
    demand?.(address, port);
    return this.step(this.flushAndGetNative().finishConnect(String(address), port));
  }

  connect6(address, port) {
    return this.connect(address, port);
  }

  disconnect() {
    return this.step(this.flushAndGetNative().disconnect());
  }

  /**
   * `send(request, list, count, port, address, hasCallback)`, or without port and address to the connected peer. A
   * positive outcome is the size plus one, 0 says that the datagram waits, and undefined that it is gathered because
   * others of this turn are to follow: then the request is told.
   */
  send(request, list, count, port, address) {
    const toPeer = address === undefined;
    if (queuesSends) return gathering.enqueue(this.native, list, address, toPeer ? 0 : port, request);
    if (list.length > MOST_PARTS) return EMSGSIZE;
    const told = request.isSilent ? undefined : request;
    if (toPeer) return this.sendToPeer(told, list);
    const to = destination(address, port);
    if (to < gathering.PEER) return to;
    gathering.gather(this.number, list, to, port, told);
    if (this.connected || !request.hasFollowers) return leave();
    gathering.endSoon();
    return undefined;
  }

  /**
   * Whether the peer is there shows when something is sent to it, and each send that follows may be refused. So the first
   * one leaves at once, and others of the stretch are gathered only behind one that has left.
   */
  sendToPeer(request, list, options) {
    gathering.gather(this.number, list, gathering.PEER, 0, request, options);
    gathering.endSoon();
    if (this.stretch === gathering.currentStretch()) return undefined;
    const outcome = leave();
    if (outcome > 0) this.stretch = gathering.currentStretch();
    return outcome;
  }

  /** The same for a datagram with options, which leaves by itself. */
  sendWith(request, address) {
    const { list, port, options } = request;
    const to = destination(address, port);
    if (to < gathering.PEER) return to;
    const refusal = this.prepareTransmitTimestamp(options);
    if (refusal < 0) return refusal;
    gathering.endStretch();
    gathering.gather(this.number, list, to, port ?? 0, request.isSilent ? undefined : request, options);
    return leave();
  }

  /**
   * Gathers one datagram of a batch, which is told the outcome when it leaves. What is not gathered has an outcome at once.
   */
  add(batch, list, { port, options }, address) {
    if (queuesSends) return gathering.enqueue(this.native, list, address, port ?? 0, batch) || gathering.WAITS;
    if (list.length > MOST_PARTS) return EMSGSIZE;
    const to = destination(address, port);
    if (to < gathering.PEER) return to;
    const refusal = this.prepareTransmitTimestamp(options);
    if (refusal < 0) return refusal;
    if (to === gathering.PEER) this.sendToPeer(batch, list, options);
    else gathering.gather(this.number, list, to, port, batch, options);
    return undefined;
  }

  /** The first datagram that wants to be told of makes the kernel tell; the number of what is wrong with that, or 0. */
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

  /** Gets no more messages. */
  forget() {
    this.started = this.receiving = false;
    if (this.standIn !== undefined) this.standBy();
    environment.receivers[this.number] = undefined;
  }

  /** Reads nothing for a while, or reads on. */
  rest(on) {
    if (this.resting === on) return;
    this.resting = on;
    this.receive();
  }

  receive() {
    this.receiving = this.started && !this.resting;
    if (this.standIn !== undefined || this.started && this.resting) this.standBy();
    return environment.calls.receive(this.number, this.receiving ? 1 : 0);
  }

  /** A loop that watches nothing lets the process end, which an open socket keeps running: a timer stands in for it. */
  standBy() {
    clearInterval(this.standIn);
    this.standIn = this.started && this.resting ? setInterval(() => {}, LONGEST) : undefined;
    if (this.standIn !== undefined && !this.hasRef()) this.standIn.unref();
  }

  /** The callback is for those who close the view; it runs when the host has closed its side. */
  close(callback) {
    this.forget();
    gathering.endStretch();
    const lost = environment.calls.close(this.number);
    this.number = -1;
    view.close(this, callback);
    this.resource.emitDestroy();
    if (lost > 0) setImmediate(gathering.cancel, environment.lost());
  }

  ref() {
    environment.calls.reference(this.number, 1);
    this.standIn?.ref();
    view.reference(this);
  }

  unref() {
    environment.calls.reference(this.number, 0);
    this.standIn?.unref();
    view.reference(this);
  }

  hasRef() {
    return view.isReferenced(this);
  }

  getAsyncId() {
    return this.resource.asyncId();
  }

  get fd() {
    return this.native.descriptor();
  }

  /** For Deno's child_process: one more descriptor, to be sent to a child. */
  fdForIpc() {
    return this.native.duplicate();
  }

  /** For Bun's child_process: a socket of Bun's own, to be sent to a child. */
  get socket() {
    this.sent ??= socketToSend?.(this.native, this.type, new RawHandle(this.type, { reuseAddr: this.sharesAddress }));
    return this.sent;
  }

  getsockname(out) {
    return tell(out, this.native.address());
  }

  getpeername(out) {
    return tell(out, this.native.remoteAddress());
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

  addMembership(group, address) {
    return this.native.membership(true, `${group}`, text(address));
  }

  dropMembership(group, address) {
    return this.native.membership(false, `${group}`, text(address));
  }

  addSourceSpecificMembership(source, group, address) {
    return this.native.sourceMembership(true, source, group, text(address));
  }

  dropSourceSpecificMembership(source, group, address) {
    return this.native.sourceMembership(false, source, group, text(address));
  }

  /** The size, or undefined and what went wrong in `failure`. */
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

/** What few sockets ever have: it takes no room in the others. */
Object.assign(UdpHandle.prototype, {
  receiveCoalescing: 0,
  resting: false,
  hearsWhole: false,
  hasTransmitTimestamps: false,
  standIn: undefined,
  view: undefined,
  lent: undefined,
  sent: undefined,
  half: undefined,
  stretch: -1,
});

/** The number of a destination, of the peer if there is no address; or a negative number of the system's. */
function destination(address, port) {
  if (address === undefined) return gathering.PEER;
  if (mayReach !== undefined && !mayReach(address, port)) return UNKNOWN;
  return gathering.destination(address);
}

/** Lets the datagram leave that was gathered last, and all before it; its outcome. */
function leave() {
  const outcome = gathering.flush();
  if (outcome === gathering.WAITS) return 0;
  return outcome < 0 ? outcome : outcome + 1;
}

function tell(out, address) {
  if (typeof address === 'number') return address;
  Object.assign(out, address);
  return 0;
}

module.exports = { UdpHandle };
