'use strict';
// Error classes and messages that look like the host's own: code, name, message, stack, own keys and their order.

const util = require('node:util');
const { kNodeError, marksStacks, namesUnnamedClasses } = require('../runtime/index.js');

/** Puts the code behind the name in the stack, where the host has no formatter that would. */
function markStack(error) {
  error.stack = error.stack.replace(/^\w+/, `${error.name} [${error.code}]`);
}

/** A class whose errors print as `TypeError [CODE]: message`; `text` makes the message of the constructor's arguments. */
function codedError(Base, code, text) {
  class NodeError extends Base {
    code = code;

    constructor(...args) {
      super(text(...args));
      if (marksStacks) markStack(this);
    }

    // To programs it is an error of the base class.
    get ['constructor']() {
      return Base;
    }

    toString() {
      return `${this.name} [${code}]: ${this.message}`;
    }
  }
  // The host's formatter of stacks puts the code behind the name of errors that have this mark.
  if (kNodeError) Object.defineProperty(NodeError.prototype, kNodeError, { get: () => true, configurable: true });
  return NodeError;
}

function shorten(text, length, kept) {
  return text.length > length ? `${text.slice(0, kept)}...` : text;
}

function describeString(value) {
  const text = shorten(value, 28, 25);
  return text.includes("'") ? JSON.stringify(text) : `'${text}'`;
}

function describeObject(value) {
  const made = value.constructor;
  const name = made?.name;
  if (typeof name === 'string' && name !== '') return `an instance of ${name}`;
  if (namesUnnamedClasses && made && 'name' in Object(made)) return `an instance of ${name}`;
  return util.inspect(value, { depth: -1 });
}

/** What stands behind "Received" in the host's messages. */
function describe(value) {
  if (value === null || value === undefined) return `${value}`;
  switch (typeof value) {
    case 'function':
      return `function ${value.name}`;
    case 'object':
      return describeObject(value);
    case 'string':
      return `type string (${describeString(value)})`;
    case 'bigint':
      return `type bigint (${value}n)`;
    case 'number':
      return `type number (${Object.is(value, -0) ? '-0' : value})`;
    default:
      return `type ${typeof value} (${String(value)})`;
  }
}

/** `1_099_511_627_776`: how the host writes integers over 2^32 in range errors. */
function describeNumber(value) {
  if (!Number.isInteger(value) || Math.abs(value) <= 2 ** 32) return util.inspect(value);
  return String(value).replace(/\B(?=(\d{3})+$)/g, '_');
}

const noun = (name) => (name.includes('.') ? 'property' : 'argument');

const ERR_INVALID_ARG_TYPE = codedError(
  TypeError,
  'ERR_INVALID_ARG_TYPE',
  (name, expected, value) => `The "${name}" ${noun(name)} must be ${expected}. Received ${describe(value)}`,
);
const ERR_INVALID_ARG_VALUE = codedError(
  TypeError,
  'ERR_INVALID_ARG_VALUE',
  (name, value, reason) =>
    `The ${noun(name)} '${name}' ${reason}. Received ${shorten(util.inspect(value), 128, 128)}`,
);
const ERR_OUT_OF_RANGE = codedError(
  RangeError,
  'ERR_OUT_OF_RANGE',
  (name, range, value) =>
    `The value of "${name}" is out of range. It must be ${range}. Received ${describeNumber(value)}`,
);
const ERR_SOCKET_BAD_PORT = codedError(
  RangeError,
  'ERR_SOCKET_BAD_PORT',
  (name, port, allowZero) =>
    `${name} should be ${allowZero ? '>=' : '>'} 0 and < 65536. Received ${describe(port)}.`,
);
const ERR_BUFFER_OUT_OF_BOUNDS = codedError(
  RangeError,
  'ERR_BUFFER_OUT_OF_BOUNDS',
  (name) => `"${name}" is outside of buffer bounds`,
);
const ERR_MISSING_ARGS = codedError(
  TypeError,
  'ERR_MISSING_ARGS',
  (name) => `The "${name}" argument must be specified`,
);
const ERR_INVALID_FD_TYPE = codedError(TypeError, 'ERR_INVALID_FD_TYPE', (type) => `Unsupported fd type: ${type}`);
const ERR_IP_BLOCKED = codedError(Error, 'ERR_IP_BLOCKED', (ip) => `IP(${ip}) is blocked by net.BlockList`);
const ERR_SOCKET_ALREADY_BOUND = codedError(Error, 'ERR_SOCKET_ALREADY_BOUND', () => 'Socket is already bound');
const ERR_SOCKET_BAD_BUFFER_SIZE = codedError(
  TypeError,
  'ERR_SOCKET_BAD_BUFFER_SIZE',
  () => 'Buffer size must be a positive integer',
);
const ERR_SOCKET_BAD_TYPE = codedError(
  TypeError,
  'ERR_SOCKET_BAD_TYPE',
  () => 'Bad socket type specified. Valid types are: udp4, udp6',
);
const ERR_SOCKET_DGRAM_IS_CONNECTED = codedError(Error, 'ERR_SOCKET_DGRAM_IS_CONNECTED', () => 'Already connected');
const ERR_SOCKET_DGRAM_NOT_CONNECTED = codedError(Error, 'ERR_SOCKET_DGRAM_NOT_CONNECTED', () => 'Not connected');
const ERR_SOCKET_DGRAM_NOT_RUNNING = codedError(Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', () => 'Not running');

/** The errors of the socket's states, by the codes that the addon answers with. */
const RULES = {
  ERR_SOCKET_ALREADY_BOUND,
  ERR_SOCKET_DGRAM_IS_CONNECTED,
  ERR_SOCKET_DGRAM_NOT_CONNECTED,
  ERR_SOCKET_DGRAM_NOT_RUNNING,
};

/** Throws the error whose code the addon has answered with, if it is one. */
function obey(code) {
  if (typeof code === 'string') throw new RULES[code]();
}

/** An error of the system: `setTTL EBADF`. What it is about follows where Node has no such method: `joinGroup ENODEV eth7`. */
class ErrnoException extends Error {
  constructor(errno, syscall, subject = '') {
    const code = util.getSystemErrorName(errno);
    super(`${syscall} ${code}${subject}`);
    this.errno = errno;
    this.code = code;
    this.syscall = syscall;
  }

  get ['constructor']() {
    return Error;
  }
}

function place(address, port) {
  if (port > 0) return ` ${address}:${port}`;
  return address ? ` ${address}` : '';
}

/** An error of the system about an address: `bind EADDRINUSE 127.0.0.1:41234`. */
class ExceptionWithHostPort extends Error {
  constructor(errno, syscall, address, port) {
    // Under the permission model a handle of the host's answers with an object that has a code and a message.
    const denied = typeof errno === 'object';
    const code = denied ? errno.code : util.getSystemErrorName(errno);
    super(`${syscall} ${code}${denied ? ` ${errno.message}` : place(address, port)}`);
    this.errno = errno;
    this.code = code;
    this.syscall = syscall;
    this.address = address;
    if (port) this.port = port;
  }

  get ['constructor']() {
    return Error;
  }
}

/** What was asked for is no longer wanted; `cause` is the signal's reason. */
class AbortError extends Error {
  constructor(cause) {
    super('The operation was aborted', { cause });
    this.code = 'ABORT_ERR';
    this.name = 'AbortError';
  }
}

/** The kernel's refusal of a buffer's size; `info` is `{ errno, code, message, syscall }`. The host's class has this name. */
const SystemError = class NodeError extends Error {
  constructor(info) {
    super(`Could not get or set buffer size: ${info.syscall} returned ${info.code} (${info.message})`);
    this.code = 'ERR_SOCKET_BUFFER_SIZE';
    const mirror = (key) => ({
      get: () => info[key],
      set: (value) => {
        info[key] = value;
      },
      enumerable: true,
      configurable: true,
    });
    Object.defineProperties(this, {
      name: { value: 'SystemError', writable: true, configurable: true },
      info: { value: info, enumerable: true, configurable: true },
      errno: mirror('errno'),
      syscall: mirror('syscall'),
      ...(kNodeError && { [kNodeError]: { value: true, configurable: true } }),
    });
    // Captured again, because a stack begins with the error's name and message at that time. `NodeError` is named here, or bundlers
    // would drop the name.
    Error.captureStackTrace(this, NodeError);
    if (!kNodeError) markStack(this);
  }

  toString() {
    return `${this.name} [${this.code}]: ${this.message}`;
  }

  [util.inspect.custom](_depth, options) {
    const text = util.inspect(this, { ...options, getters: true, customInspect: false });
    // Without the mark inspect() puts the name of the class before the stack.
    return kNodeError ? text : text.replace(/^NodeError \[SystemError\]( \[\w+\])?/, `SystemError [${this.code}]`);
  }
};

module.exports = {
  obey,
  AbortError,
  ErrnoException,
  ExceptionWithHostPort,
  ERR_BUFFER_OUT_OF_BOUNDS,
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_ARG_VALUE,
  ERR_INVALID_FD_TYPE,
  ERR_IP_BLOCKED,
  ERR_MISSING_ARGS,
  ERR_OUT_OF_RANGE,
  ERR_SOCKET_ALREADY_BOUND,
  ERR_SOCKET_BAD_BUFFER_SIZE,
  ERR_SOCKET_BAD_PORT,
  ERR_SOCKET_BAD_TYPE,
  ERR_SOCKET_BUFFER_SIZE: SystemError,
  ERR_SOCKET_DGRAM_IS_CONNECTED,
  ERR_SOCKET_DGRAM_NOT_CONNECTED,
  ERR_SOCKET_DGRAM_NOT_RUNNING,
};
