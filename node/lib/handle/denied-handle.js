'use strict';
// A handle for processes that the permission model keeps off the network: no addon is loaded, and the host's own handle
// says what the host says.

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
  view = new UDP();

  constructor(type, lookup) {
    this.view.lookup = lookup;
    if (type === 'udp6') {
      this.view.bind = this.view.bind6;
      this.view.connect = this.view.connect6;
    }
  }

  get exposed() {
    return this.view;
  }

  set [kOwner](socket) {
    this.view[kOwner] = socket;
  }

  beginBind() {
    this.bindState = 1;
  }

  abandonBind() {
    this.bindState = 0;
  }

  beginConnect() {
    this.connectState = 1;
  }

  abandonConnect() {
    this.connectState = 0;
  }

  rest() {}

  share() {
    return EBADF;
  }
}

module.exports = { DeniedHandle };
