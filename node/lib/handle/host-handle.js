'use strict';
// A handle of the host's that stands for one of ours where only the host's own will do: child_process sends no other to
// a child, and monitoring tools look for its methods. It is made when somebody reads `socket[state].handle`, not before.

const { UDP, kOwner } = require('../runtime/index.js');

const kHandle = Symbol('handle');

/** What a host's handle has and ours answers. */
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
  handle.view = wrap;
  reference(handle);
}

/** The view is counted among the resources that keep the process alive if the socket is. */
function reference(handle) {
  const { view } = handle;
  if (view === undefined) return;
  if (handle.native.isReferenced()) UDP.prototype.ref.call(view);
  else UDP.prototype.unref.call(view);
}

/** The view of a handle. */
function of(handle) {
  if (handle.view === undefined) {
    adorn(new UDP(), handle);
    lend(handle);
  }
  return handle.view;
}

/** The view knows best, since it is closed only some time after the socket. */
function isReferenced(handle) {
  return handle.view === undefined ? handle.native.isReferenced() : UDP.prototype.hasRef.call(handle.view);
}

/** Gives the view a descriptor of the kernel's socket, once there is one. The host never reads from it. */
function lend(handle) {
  if (handle.view === undefined) return;
  const descriptor = handle.native.duplicate();
  if (descriptor < 0) return;
  UDP.prototype.open.call(handle.view, descriptor);
  handle.native.restoreSharing(handle.sharesAddress);
}

/** Takes a handle that the host made, with its descriptor, for the view. */
function replace(handle, wrap) {
  close(handle);
  handle.view = undefined;
  adorn(wrap, handle);
}

/** Closes the view; a handle from cluster has a `close` of its own, which tells the primary. */
function close({ view }, callback) {
  if (view === undefined) return;
  if (Object.hasOwn(view, 'close')) view.close(callback);
  else UDP.prototype.close.call(view, callback);
}

/** Deno and Bun ask a handle for no more than methods, which ours has: it stands for itself. */
const itself = {
  close({ lent, sent }, callback) {
    sent?.close();
    if (lent !== undefined) lent(callback);
    else if (callback !== undefined) setImmediate(callback);
  },
  isReferenced: ({ native }) => native.isReferenced(),
  lend() {},
  of: (handle) => handle,
  reference() {},
  /** Whoever closes the handle, as cluster does when the worker disconnects, means the socket. */
  replace(handle, wrap) {
    const { close } = wrap;
    handle.lent = (callback) => {
      wrap.close = close;
      wrap.close(callback);
    };
    wrap.close = (callback) => {
      handle[kOwner].close();
      callback?.();
    };
  },
};

module.exports = UDP ? { close, isReferenced, lend, of, reference, replace } : itself;
