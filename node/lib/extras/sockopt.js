'use strict';
// Socket options that Node's socket does not have, multicast groups by the interface's name or index, and stats().

const { constants } = require('node:os');
const { getSystemErrorName } = require('node:util');
const { SOCKOPTS } = require('../bridge/layout.js');
const { kState } = require('../runtime/index.js');
const { UNBOUND, healthCheck } = require('../dgram/state.js');
const { bytesOf, interfaceText, validateCount, validateKeys, validateObject, validateString } = require('../common/validate.js');
const { HeliogramError } = require('../common/heliogram-error.js');
const { obey, ErrnoException, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE } = require('../common/errors.js');

/** The fields of receive metadata that can be asked for. */
const RECV_METADATA = ['localAddress', 'tos', 'ttl', 'timestamp', 'hardwareTimestamp', 'dropped', 'segmentSize', 'truncated'];

const { EADDRINUSE, EADDRNOTAVAIL, EBADF: NO_SOCKET, ENODEV: NO_DEVICE } = constants.errno;
const EBADF = -NO_SOCKET;
const ENODEV = -NO_DEVICE;

/** What the system answers to a call for which there is nothing to do. */
const ALREADY = { joinGroup: -EADDRINUSE, leaveGroup: -EADDRNOTAVAIL };

const CLOCKS = ['monotonic', 'tai'];

const MANAGED = 'ERR_HELIOGRAM_MANAGED_OPTION';

/** Room for the value of an option, unless the program says otherwise. */
const OPTION_BYTES = 256;

/** Calls the addon; the error names the method and the subject. A denied socket has no native handle. */
function ask(socket, method, call, subject) {
  healthCheck(socket);
  const { udpHandle } = socket[kState];
  const isDenied = udpHandle.flushAndGetNative === undefined;
  const outcome = isDenied ? udpHandle.share() : call(udpHandle.flushAndGetNative());
  if (outcome < 0) throw failure(outcome, method, isDenied ? undefined : subject);
  return outcome;
}

/** An open socket answers EBADF only before it is bound. */
function failure(errno, method, subject) {
  if (errno === EBADF) return new ErrnoException(errno, method, ': the socket is not bound');
  return new ErrnoException(errno, method, subject === undefined ? '' : ` ${subject}`);
}

function setDontFragment(flag) {
  ask(this, 'setDontFragment', (native) => native.setDontFragment(Boolean(flag)));
}

function getMTU() {
  return ask(this, 'getMTU', (native) => native.getMTU());
}

function bindToDevice(device) {
  if (device !== null) validateString(device, 'device');
  ask(this, 'bindToDevice', (native) => native.bindToDevice(device), device ?? undefined);
}

/** The methods of a row of the table of socket options. */
function methodsOf({ name, isBoolean, least, most }, row) {
  const [getter, setter] = [`get${name}`, `set${name}`];
  return {
    [getter]() {
      const value = ask(this, getter, (native) => native.getSockopt(row));
      return isBoolean ? value !== 0 : value;
    },
    [setter](value) {
      if (!isBoolean) validateCount(value, 'value', least, most);
      ask(this, setter, (native) => native.setSockopt(row, Number(isBoolean ? Boolean(value) : value)));
    },
  };
}

/** `{ by, offset }` of `'flow'`, `'cpu'` or `{ byte: offset }`. */
function checkedSteering(steer, name) {
  if (steer === 'flow' || steer === 'cpu') return { by: steer, offset: 0 };
  if (typeof steer !== 'object' || steer === null) throw new ERR_INVALID_ARG_VALUE(name, steer, "must be 'flow', 'cpu' or { byte: offset }");
  validateCount(steer.byte, `${name}.byte`, 0, 65_535);
  return { by: 'byte', offset: steer.byte };
}

function setReusePortSteering(steer, sockets = 1) {
  const { by, offset } = checkedSteering(steer, 'steer');
  validateCount(sockets, 'sockets', 1, 2 ** 31 - 1);
  ask(this, 'setReusePortSteering', (native) => native.steer(by, sockets, offset));
}

function setGroupInterface(value) {
  const text = interfaceText(value, 'interface');
  ask(this, 'setGroupInterface', (native) => native.setGroupInterface(text), text);
}

function membership(socket, method, address, options) {
  validateString(address, 'group');
  validateObject(options, 'options');
  validateKeys(options, ['interface', 'source'], 'options');
  const { source } = options;
  if (source !== undefined) validateString(source, 'options.source');
  const text = interfaceText(options.interface, 'options.interface');
  socket[kState].udpHandle.demandImplicitBind?.();
  const call = (native, name) => native.group(method === 'joinGroup', address, source, name);
  const subject = `${address}${source === undefined ? '' : ` from ${source}`}${text === '' ? '' : ` on ${text}`}`;
  if (text === '*') return onAllInterfaces(socket, method, call, subject);
  ask(socket, method, (native) => call(native, text), subject);
  return undefined;
}

/** On each interface; `{ done, failed }`. It throws the first error if every one fails. */
function onAllInterfaces(socket, method, call, subject) {
  const isDone = (errno) => errno === 0 || errno === ALREADY[method];
  const outcomes = ask(socket, method, (native) => {
    const names = native.multicastInterfaces();
    return Array.isArray(names) ? names.map((name) => ({ interface: name, errno: call(native, name) })) : names;
  }, subject);
  const done = outcomes.filter(({ errno }) => isDone(errno)).map(({ interface: name }) => name);
  const failed = outcomes.filter(({ errno }) => !isDone(errno));
  if (done.length === 0) throw failure(failed[0]?.errno ?? ENODEV, method, subject);
  return { done, failed: failed.map(({ errno, ...where }) => ({ ...where, errno, code: getSystemErrorName(errno) })) };
}

/** A socket that joins before it is bound gets a port from the system, with which a send is content. */
function joinGroup(address, options = {}) {
  const joined = membership(this, 'joinGroup', address, options);
  if (this[kState].bindState === UNBOUND) this[kState].hasGroup = true;
  return joined && { joined: joined.done, failed: joined.failed };
}

function leaveGroup(address, options = {}) {
  const left = membership(this, 'leaveGroup', address, options);
  return left && { left: left.done, failed: left.failed };
}

/** The fields as the addon takes them. */
function checkedMetadata(fields, name) {
  validateObject(fields, name);
  validateKeys(fields, RECV_METADATA, name);
  const asked = Object.fromEntries(RECV_METADATA.map((field) => [field, Boolean(fields[field])]));
  const { localAddress: local, ...others } = asked; // the addon's name for it
  return { local, ...others };
}

function setRecvMetadata(fields) {
  const asked = checkedMetadata(fields, 'fields');
  ask(this, 'setRecvMetadata', (native) => native.setRecvMetadata(asked));
}

function setRecvErrors(flag) {
  ask(this, 'setRecvErrors', (native) => native.setRecvErrors(Boolean(flag)));
}

function checkedClock(clock, name) {
  if (!CLOCKS.includes(clock)) throw new ERR_INVALID_ARG_VALUE(name, clock, `must be one of: ${CLOCKS.join(', ')}`);
  return clock;
}

function setTransmitTimeClock(clock) {
  checkedClock(clock, 'clock');
  ask(this, 'setTransmitTimeClock', (native) => native.setTransmitTimeClock(clock === 'tai'));
}

/** Throws the error of a rule whose code the addon has answered. */
function heed(outcome) {
  if (outcome === MANAGED) throw new HeliogramError(MANAGED, 'The socket manages this option itself');
  obey(outcome);
  return outcome;
}

function validateOption(level, name) {
  validateCount(level, 'level', -(2 ** 31), 2 ** 31 - 1);
  validateCount(name, 'name', -(2 ** 31), 2 ** 31 - 1);
}

function getOption(level, name, size = OPTION_BYTES) {
  validateOption(level, name);
  validateCount(size, 'size', 0, 65_536);
  const value = Buffer.alloc(size);
  return value.subarray(0, ask(this, 'getOption', (native) => heed(native.getOption(level, name, value))));
}

function setOption(level, name, value) {
  validateOption(level, name);
  if (!ArrayBuffer.isView(value)) throw new ERR_INVALID_ARG_TYPE('value', 'an instance of Buffer, TypedArray, or DataView', value);
  ask(this, 'setOption', (native) => heed(native.setOption(level, name, bytesOf(value))));
}

function stats() {
  healthCheck(this);
  return this[kState].udpHandle.flushAndGetNative?.().stats() ?? {};
}

const methods = {
  ...Object.assign({}, ...SOCKOPTS.map(methodsOf)),
  bindToDevice,
  getMTU,
  getOption,
  joinGroup,
  leaveGroup,
  setTransmitTimeClock,
  setDontFragment,
  setGroupInterface,
  setOption,
  setRecvErrors,
  setRecvMetadata,
  setReusePortSteering,
  stats,
};

module.exports = { checkedClock, checkedMetadata, checkedSteering, methods };
