'use strict';
// socket.bind() in all its forms, bindSync(), and the start of receiving.

const { isIP } = require('../common/is-ip.js');
const { errorMonitor } = require('node:events');
const { onError, onMessage, onMessages } = require('./receive.js');
const { flagsOf } = require('../runtime/bind-flags.js');
const { bindFailureEvent, hasPrimary, kState, unshared } = require('../runtime/index.js');
const { UNBOUND, handleOf, healthCheck } = require('./state.js');
const { validateObject, validatePort, validateString } = require('../common/validate.js');
const {
  obey,
  ErrnoException,
  ExceptionWithHostPort,
  ERR_INVALID_ARG_VALUE,
  ERR_INVALID_FD_TYPE,
  ERR_SOCKET_ALREADY_BOUND,
  ERR_SOCKET_BAD_BUFFER_SIZE,
  ERR_SOCKET_BUFFER_SIZE,
} = require('../common/errors.js');
const process = require('../runtime/process.js');

const anyAddress = (socket) => (socket.type === 'udp4' ? '0.0.0.0' : '::');
const isObject = (value) => value !== null && typeof value === 'object';
const isDescriptor = (value) => (value | 0) === value && value > 0;

/** Reads or sets the size of a kernel buffer; 0 reads. */
function bufferSize(socket, size, receive) {
  if (size >>> 0 !== size) throw new ERR_SOCKET_BAD_BUFFER_SIZE();
  const failure = {};
  const outcome = handleOf(socket).bufferSize(size, receive, failure);
  if (outcome === undefined) throw new ERR_SOCKET_BUFFER_SIZE(failure);
  return outcome;
}

/** Sets what `socketOptions` leaves for a bound socket; 0 or a negative errno. */
function applySocketOptions(socket, { socketOptions }) {
  return socketOptions === undefined ? 0 : require('../extras/socket-options.js').applyAfterBind(socket, socketOptions);
}

/** Starts to receive, which takes descriptors; 0 or a negative errno, then the socket is unbound again. */
function startReceiving(socket) {
  const state = socket[kState];
  const handle = state.openHandle;
  handle.onmessage = onMessage;
  state.udpHandle.onmessages = onMessages; // which no handle of the host's has
  handle.onerror = onError;
  const errno = applySocketOptions(socket, state) || handle.recvStart();
  if (errno < 0) {
    state.udpHandle.reopen();
    return errno;
  }
  state.receiving = true;
  if (state.recvBufferSize) bufferSize(socket, state.recvBufferSize, true);
  if (state.sendBufferSize) bufferSize(socket, state.sendBufferSize, false);
  return 0;
}

/** `failure` makes the error of a negative errno. */
function startListening(socket, failure) {
  const errno = startReceiving(socket);
  if (errno) socket.emit('error', failure(errno));
  else socket.emit('listening');
}

/** The callback is a listener of 'listening' which the first error removes, without counting as a listener for errors. */
function callWhenBound(socket, callback) {
  const errorEvent = bindFailureEvent ?? errorMonitor;
  function forget() {
    this.removeListener(errorEvent, forget);
    this.removeListener('listening', listening);
  }
  function listening() {
    forget.call(this);
    Reflect.apply(callback, this, []);
  }
  socket.on(errorEvent, forget);
  socket.on('listening', listening);
}

/** The bind has failed: the socket is unbound again and may try anew. */
function bindFailed(socket, error) {
  socket[kState].udpHandle.abortBind();
  socket.emit('error', error);
}

/** Goes on with a handle that the host made: from the primary of a cluster, or from another process. */
function adoptHandle(socket, wrap, withWorkers) {
  const failure = (errno) => new ErrnoException(errno, 'open');
  const outcome = socket[kState].udpHandle.share(wrap, withWorkers);
  if (outcome !== 0) return bindFailed(socket, failure(outcome));
  return startListening(socket, failure);
}

/** Asks the primary for the handle that the workers of a cluster share; `otherwise` is for one that has none to share. */
function bindShared(socket, query, failure, otherwise) {
  const state = socket[kState];
  cluster._getServer(socket, query, (errno, wrap) => {
    const closed = state.openHandle === null;
    if (errno === unshared && otherwise && !closed) {
      otherwise();
    } else if (errno) {
      if (!closed) bindFailed(socket, failure(errno));
    } else if (closed) {
      wrap.close();
    } else {
      adoptHandle(socket, wrap, query.fd < 0); // a descriptor was another's before
    }
  });
}

let cluster; // loaded late, and once: asking for it each time would take as long as the bind itself

function isShared(exclusive) {
  if (!hasPrimary()) return false;
  cluster ??= require('node:cluster');
  return cluster.isWorker && !exclusive;
}

function bindDescriptor(socket, { fd, exclusive }) {
  if (isShared(exclusive)) {
    const query = { address: null, port: null, addressType: socket.type, fd, flags: null };
    bindShared(socket, query, (errno) => new ErrnoException(errno, 'open'));
    return;
  }
  const outcome = handleOf(socket).open(fd);
  if (typeof outcome === 'string') throw new ERR_INVALID_FD_TYPE(outcome);
  if (outcome) throw new ErrnoException(outcome, 'open');
  startListening(socket, (errno) => new ErrnoException(errno, 'open'));
}

/** The address has been found. */
function bindAddress(socket, ip, port, exclusive) {
  const state = socket[kState];
  if (isShared(exclusive || state.reusePort)) bindSharedAddress(socket, ip, port);
  else bindNow(socket, ip, port);
}

function bindSharedAddress(socket, ip, port) {
  const query = { address: ip, port, addressType: socket.type, fd: -1, flags: flagsOf(socket[kState]) };
  const failure = (errno) => new ExceptionWithHostPort(errno, 'bind', ip, port);
  bindShared(socket, query, failure, () => bindNow(socket, ip, port));
}

function bindNow(socket, ip, port) {
  const state = socket[kState];
  if (state.bindState === UNBOUND) obey(state.udpHandle.beginBind()); // a look-up that failed may answer a second time
  const failure = (errno) => new ExceptionWithHostPort(errno, 'bind', ip, port);
  const errno = state.hasGroup && !port ? state.udpHandle.finishImplicitBind() : state.openHandle.bind(ip, port || 0, flagsOf(state));
  if (errno) bindFailed(socket, failure(errno));
  else startListening(socket, failure);
}

function emitUnlessClosed(socket, event) {
  if (handleOf(socket)) socket.emit(event);
}

/** Looks the address up, and goes on with what is found, unless the socket has been closed meanwhile. */
function bindByName(socket, address, exclusive, port) {
  const state = socket[kState];
  state.openHandle.lookup(address || anyAddress(socket), (error, ip) => {
    if (state.openHandle === null) return;
    if (error) bindFailed(socket, error);
    else bindAddress(socket, ip, port, exclusive);
  });
}

function bind(port, address /* , callback */) {
  healthCheck(this);
  obey(this[kState].udpHandle.beginBind());
  const callback = arguments.length > 0 && arguments[arguments.length - 1];
  if (typeof callback === 'function') callWhenBound(this, callback);

  if (!isObject(port)) bindByName(this, typeof address === 'function' ? '' : address, undefined, port);
  else if (typeof port.recvStart === 'function') adoptHandle(this, port, false);
  else if (isDescriptor(port.fd)) bindDescriptor(this, port);
  else bindByName(this, port.address, port.exclusive, port.port);
  return this;
}

/** A literal address, or the default where none is given. */
function literal(address, name, otherwise, method) {
  if (address === undefined || address === null || address === '') return otherwise;
  validateString(address, name);
  if (isIP(address) === 0) {
    const reason = `must be a numeric IP address; ${method} does not perform DNS resolution`;
    throw new ERR_INVALID_ARG_VALUE(name, address, reason);
  }
  return address;
}

function bindSync(options = {}) {
  healthCheck(this);
  validateObject(options, 'options');
  const state = this[kState];
  if (state.bindState !== UNBOUND) throw new ERR_SOCKET_ALREADY_BOUND();
  const port = validatePort(options.port ?? 0, 'options.port', true);
  const address = literal(options.address || '', 'options.address', anyAddress(this), 'bindSync');
  obey(state.udpHandle.beginBind());
  const errno = state.openHandle.bind(address, port, flagsOf(state));
  if (errno) state.udpHandle.abortBind();
  const failed = errno || startReceiving(this);
  if (failed) throw new ExceptionWithHostPort(failed, 'bind', address, port);
  process.nextTick(emitUnlessClosed, this, 'listening');
  return this.address();
}

module.exports = { bind, bindSync, bufferSize, emitUnlessClosed, literal };
