'use strict';
// Node's options of a bound socket: broadcast, TTLs, multicast, buffers; and its addresses.

const { kState } = require('../runtime/index.js');
const { handleOf, healthCheck } = require('./state.js');
const { bufferSize } = require('./bind.js');
const { validateNumber, validateString } = require('../common/validate.js');
const { ErrnoException, ERR_MISSING_ARGS, ERR_SOCKET_DGRAM_NOT_CONNECTED } = require('../common/errors.js');

/** Throws the error of a call that the system refused. */
function succeed(errno, syscall) {
  if (errno) throw new ErrnoException(errno, syscall);
}

function address() {
  healthCheck(this);
  const out = {};
  succeed(handleOf(this).getsockname(out), 'getsockname');
  return out;
}

function remoteAddress() {
  healthCheck(this);
  if (!this[kState].udpHandle.connected) throw new ERR_SOCKET_DGRAM_NOT_CONNECTED();
  const out = {};
  succeed(handleOf(this).getpeername(out), 'getpeername');
  return out;
}

function setBroadcast(on) {
  succeed(handleOf(this).setBroadcast(on ? 1 : 0), 'setBroadcast');
}

function setTTL(ttl) {
  validateNumber(ttl, 'ttl');
  succeed(handleOf(this).setTTL(ttl), 'setTTL');
  return ttl;
}

function setMulticastTTL(ttl) {
  validateNumber(ttl, 'ttl');
  succeed(handleOf(this).setMulticastTTL(ttl), 'setMulticastTTL');
  return ttl;
}

function setMulticastLoopback(on) {
  succeed(handleOf(this).setMulticastLoopback(on ? 1 : 0), 'setMulticastLoopback');
  return on;
}

function setMulticastInterface(interfaceAddress) {
  healthCheck(this);
  validateString(interfaceAddress, 'interfaceAddress');
  succeed(handleOf(this).setMulticastInterface(interfaceAddress), 'setMulticastInterface');
}

function membership(socket, syscall, multicastAddress, interfaceAddress) {
  healthCheck(socket);
  if (!multicastAddress) throw new ERR_MISSING_ARGS('multicastAddress');
  succeed(handleOf(socket)[syscall](multicastAddress, interfaceAddress), syscall);
}

function sourceMembership(socket, syscall, sourceAddress, groupAddress, interfaceAddress) {
  healthCheck(socket);
  validateString(sourceAddress, 'sourceAddress');
  validateString(groupAddress, 'groupAddress');
  succeed(handleOf(socket)[syscall](sourceAddress, groupAddress, interfaceAddress), syscall);
}

function addMembership(multicastAddress, interfaceAddress) {
  membership(this, 'addMembership', multicastAddress, interfaceAddress);
}

function dropMembership(multicastAddress, interfaceAddress) {
  membership(this, 'dropMembership', multicastAddress, interfaceAddress);
}

function addSourceSpecificMembership(sourceAddress, groupAddress, interfaceAddress) {
  sourceMembership(this, 'addSourceSpecificMembership', sourceAddress, groupAddress, interfaceAddress);
}

function dropSourceSpecificMembership(sourceAddress, groupAddress, interfaceAddress) {
  sourceMembership(this, 'dropSourceSpecificMembership', sourceAddress, groupAddress, interfaceAddress);
}

function setRecvBufferSize(size) {
  bufferSize(this, size, true);
}

function setSendBufferSize(size) {
  bufferSize(this, size, false);
}

function getRecvBufferSize() {
  return bufferSize(this, 0, true);
}

function getSendBufferSize() {
  return bufferSize(this, 0, false);
}

function getSendQueueSize() {
  return handleOf(this).getSendQueueSize();
}

function getSendQueueCount() {
  return handleOf(this).getSendQueueCount();
}

module.exports = {
  address,
  remoteAddress,
  setBroadcast,
  setTTL,
  setMulticastTTL,
  setMulticastLoopback,
  setMulticastInterface,
  addMembership,
  dropMembership,
  addSourceSpecificMembership,
  dropSourceSpecificMembership,
  setRecvBufferSize,
  setSendBufferSize,
  getRecvBufferSize,
  getSendBufferSize,
  getSendQueueSize,
  getSendQueueCount,
};
