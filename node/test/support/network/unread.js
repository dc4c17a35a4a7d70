'use strict';
// What the kernel shows of a socket that a program cannot see.

const fs = require('node:fs');

/** Why `unread()` cannot be asked, or false. */
const lacking = fs.existsSync('/proc/net/udp') ? false : 'the system has no /proc/net/udp';

/** How many bytes wait in the receive queue of a socket on 127.0.0.1. */
function unread(peer) {
  const local = `0100007F:${peer.address().port.toString(16).toUpperCase().padStart(4, '0')}`;
  const line = fs.readFileSync('/proc/net/udp', 'latin1').split('\n').find((text) => text.trim().split(/\s+/)[1] === local);
  return Number.parseInt(line.trim().split(/\s+/)[4].split(':')[1], 16);
}

module.exports = { lacking, unread };
