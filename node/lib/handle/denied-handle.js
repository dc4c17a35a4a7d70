'use strict';
// The handle of a socket where the permission model denies the network: no addon is loaded, and each call goes to the
// host's handle, which answers with the host's error.

const { AsyncResource } = require('node:async_hooks');
const { constants } = require('node:os');
const { UDP, kOwner } = require('../runtime/index.js');

const EBADF = -constants.errno.EBADF;

class DeniedHandle {
  bindState = 0;
  connectState = 0;
  connected = false;
  receiving = false;
  resource = new AsyncResource('UDPWRAP', { requireManualDestroy: true });
  hostHandle = new UDP();

  constructor(type, lookup) {
    this.hostHandle.lookup = lookup;
    if (type === 'udp6') {
      this.hostHandle.bind = this.hostHandle.bind6;
      this.hostHandle.connect = this.hostHandle.connect6;
    }
  }

  get publicHandle() {
    return this.hostHandle;
  }

  set [kOwner](socket) {
    this.hostHandle[kOwner] = socket;
  }

  beginBind() {
    this.bindState = 1;
  }

  abortBind() {
    this.bindState = 0;
  }

  beginConnect() {
    this.connectState = 1;
  }

  abortConnect() {
    this.connectState = 0;
  }

  setPaused() {}

  share() {
    return EBADF;
  }
}

module.exports = { DeniedHandle };
