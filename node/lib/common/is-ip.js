'use strict';
// What net.isIP answers. `node:net` takes long to load, and most programs that send datagrams need nothing else of it.

const BYTE = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const IPV4 = new RegExp(`^${BYTE}(?:\\.${BYTE}){3}$`);

let net; // loaded late

/** Here, and everywhere. */
const KNOWN = ['::1', '::'];

/** The family of a literal address, or 0. Only what may be one of IPv6, which has many forms, is the host's to judge. */
function isIP(address) {
  if (typeof address === 'string') {
    if (IPV4.test(address)) return 4;
    if (KNOWN.includes(address)) return 6;
    if (!address.includes(':')) return 0;
  }
  net ??= require('node:net');
  return net.isIP(address);
}

module.exports = { isIP };
