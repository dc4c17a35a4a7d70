'use strict';
// An instance of the host's handle class for code that accepts no other: child_process sends it to a child, monitoring
// tools call its methods. It is made when somebody reads `socket[state].handle`.

const { UDP, kOwner } = require('../runtime/index.js');

const kHandle = Symbol('handle');

/** The methods of the host's handle, which call those of ours. */
const METHODS = [
  ...['recvStart', 'recvStop', 'open', 'bind', 'bind6', 'connect', 'connect6', 'send', 'send6', 'disconnect'],
  ...['getpeername', 'getsockname', 'addMembership', 'dropMembership', 'addSourceSpecificMembership'],
  ...['dropSourceSpecificMembership', 'setMulticastInterface', 'setMulticastTTL', 'setMulticastLoopback'],
  ...['setBroadcast', 'setTTL', 'bufferSize', 'getSendQueueSize', 'getSendQueueCount'],
  ...['close', 'hasRef', 'ref', 'unref', 'getAsyncId'],
];

function forwarding(name) {
  return {
    value(...args) {
      return this[kHandle][name](...args);
    },
    writable: true,
    configurable: true,
  };
}

function mirroring(name) {
  return {
    get() {
      return this[kHandle][name];
    },
    set(value) {
      this[kHandle][name] = value;
    },
    configurable: true,
  };
}

const prototype = UDP && Object.create(UDP.prototype, {
  ...Object.fromEntries(METHODS.map((name) => [name, forwarding(name)])),
  ...Object.fromEntries(['lookup', 'onmessage', 'onerror', 'fd'].map((name) => [name, mirroring(name)])),
});

function adorn(wrap, handle) {
  Object.defineProperty(wrap, kHandle, { value: handle });
  Object.setPrototypeOf(wrap, prototype);
  wrap[kOwner] = handle[kOwner];
  handle.hostHandle = wrap;
  reference(handle);
}

/** References the host's handle as the socket is, for process.getActiveResourcesInfo(). */
function reference(handle) {
  const { hostHandle } = handle;
  if (hostHandle === undefined) return;
  if (handle.native.isReferenced()) UDP.prototype.ref.call(hostHandle);
  else UDP.prototype.unref.call(hostHandle);
}

/** The host's handle for one of ours. */
function of(handle) {
  if (handle.hostHandle === undefined) {
    adorn(new UDP(), handle);
    lend(handle);
  } else if (handle.hasSiblings) {
    expose(handle);
  }
  return handle.hostHandle;
}

/** The host's handle is closed some time after the socket, and counts until then. */
function isReferenced(handle) {
  return handle.hostHandle === undefined ? handle.native.isReferenced() : UDP.prototype.hasRef.call(handle.hostHandle);
}

/** The handle of a cluster's socket has the descriptor, and whoever reads the handle may send it on to strangers. */
function expose(handle) {
  handle.hasSiblings = false;
  handle.native.descriptor();
}

/** Opens the host's handle on a duplicate of the descriptor, once there is one. The host never reads from it. */
function lend(handle) {
  if (handle.hostHandle === undefined) return;
  const descriptor = handle.native.duplicate();
  if (descriptor < 0) return;
  UDP.prototype.open.call(handle.hostHandle, descriptor);
  handle.native.restoreSharing(handle.sharesAddress);
}

/** Uses a handle that the host made, with its descriptor. */
function replace(handle, wrap) {
  reopen(handle);
  adorn(wrap, handle);
}

/** The host's handle of a socket that is unbound again: one without a descriptor is made when somebody asks for it. */
function reopen(handle) {
  close(handle);
  handle.hostHandle = undefined;
}

/** Closes the host's handle; one from cluster has a `close` of its own, which notifies the primary. */
function close({ hostHandle }, callback) {
  if (hostHandle === undefined) return;
  if (Object.hasOwn(hostHandle, 'close')) hostHandle.close(callback);
  else UDP.prototype.close.call(hostHandle, callback);
}

/** Deno and Bun call a handle's methods and need no class of theirs: our handle is used as it is. */
const itself = {
  close({ hostClose, socketForChild }, callback) {
    socketForChild?.close();
    if (hostClose !== undefined) hostClose(callback);
    else if (callback !== undefined) setImmediate(callback);
  },
  isReferenced: ({ native }) => native.isReferenced(),
  lend() {},
  of: (handle) => handle,
  reference() {},
  reopen() {},
  /** Cluster closes the handle when the worker disconnects, which has to close the socket. */
  replace(handle, wrap) {
    const { close } = wrap;
    handle.hostClose = (callback) => {
      wrap.close = close;
      wrap.close(callback);
    };
    wrap.close = (callback) => {
      handle[kOwner].close();
      callback?.();
    };
  },
};

module.exports = UDP ? { close, isReferenced, lend, of, reference, reopen, replace } : itself;
