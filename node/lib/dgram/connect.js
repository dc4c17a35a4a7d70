'use strict';
// socket.connect(), connectSync(), disconnect().

const { isIP } = require('../common/is-ip.js');
const { kState } = require('../runtime/index.js');
const { UNBOUND, BOUND, DISCONNECTED, bindImplicitly, enqueue, handleOf, healthCheck } = require('./state.js');
const { emitUnlessClosed, literal } = require('./bind.js');
const { validatePort, validateString } = require('../common/validate.js');
const {
  obey,
  ErrnoException,
  ExceptionWithHostPort,
  ERR_IP_BLOCKED,
  ERR_SOCKET_ALREADY_BOUND,
  ERR_SOCKET_DGRAM_IS_CONNECTED,
  ERR_SOCKET_DGRAM_NOT_CONNECTED,
} = require('../common/errors.js');
const process = require('../runtime/process.js');

/** In a handle's `stateBits`. */
const CONNECTING = 1 << 2;

/** The error of a destination that the program has forbidden, or undefined. */
function blocked(socket, ip) {
  return socket[kState].sendBlockList?.check(ip, `ipv${isIP(ip)}`) ? new ERR_IP_BLOCKED(ip) : undefined;
}

/** Makes the kernel connect; the error, or undefined. `address` is what the program wrote, `ip` what was found. */
function connectNow(socket, ip, address, port) {
  const forbidden = blocked(socket, ip);
  if (forbidden) return forbidden;
  if (socket[kState].connectState === DISCONNECTED) begin(socket[kState]); // a look-up that failed may answer a second time
  const errno = handleOf(socket).connect(ip, port);
  return errno ? new ExceptionWithHostPort(errno, 'connect', address, port) : undefined;
}

function connectFailed(socket, error, callback) {
  socket[kState].udpHandle.abortConnect();
  process.nextTick(() => {
    if (!callback) {
      socket.emit('error', error);
      return;
    }
    socket.removeListener('connect', callback);
    callback(error);
  });
}

function startConnect(socket, port, address, callback) {
  if (callback) socket.once('connect', callback);
  handleOf(socket).lookup(address, (lookupError, ip) => {
    if (handleOf(socket) === null) return;
    const error = lookupError ?? connectNow(socket, ip, address, port);
    if (error) connectFailed(socket, error, callback);
    else process.nextTick(() => socket.emit('connect'));
  });
}

/** Begins, or throws that the socket has a peer already; that outlives the close. */
function begin(state) {
  if (state.connectState !== DISCONNECTED) throw new ERR_SOCKET_DGRAM_IS_CONNECTED();
  if (state.openHandle) obey(state.udpHandle.beginConnect());
  else state.udpHandle.stateBits |= CONNECTING;
}

function connect(port, address, callback) {
  port = validatePort(port, 'Port', false);
  if (typeof address === 'function') {
    callback = address;
    address = '';
  } else if (address === undefined) {
    address = '';
  }
  validateString(address, 'address');
  const state = this[kState];
  begin(state);
  if (bindImplicitly(this)) startConnect(this, port, address, callback);
  else enqueue(this, () => startConnect(this, port, address, callback));
}

function connectSync(port, address) {
  healthCheck(this);
  port = validatePort(port, 'Port', false);
  const state = this[kState];
  if (state.connectState !== DISCONNECTED) throw new ERR_SOCKET_DGRAM_IS_CONNECTED();
  address = literal(address, 'address', this.type === 'udp4' ? '127.0.0.1' : '::1', 'connectSync');
  if (state.bindState === UNBOUND) this.bindSync();
  else if (state.bindState !== BOUND) throw new ERR_SOCKET_ALREADY_BOUND();
  begin(state);
  const error = connectNow(this, address, address, port);
  if (error) {
    state.udpHandle.abortConnect();
    throw error;
  }
  process.nextTick(emitUnlessClosed, this, 'connect');
}

function disconnect() {
  const state = this[kState];
  if (!state.udpHandle.connected) throw new ERR_SOCKET_DGRAM_NOT_CONNECTED();
  const errno = state.openHandle.disconnect();
  if (errno) throw new ErrnoException(errno, 'connect');
}

module.exports = { blocked, connect, connectSync, disconnect };
