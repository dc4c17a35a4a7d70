'use strict';
// Names to addresses, by the host's dns.lookup or the program's own function.

const { isIP } = require('node:net');
const { skipsLookup } = require('./host.js');
const { validateFunction } = require('./validate.js');

/** `dns` is loaded late, and `lookup` read off it at each call: programs replace it. */
function lookupUnlessLiteral(address, family, callback) {
  if (isIP(address) === family) {
    process.nextTick(callback, null, address, family);
  } else {
    require('node:dns').lookup(address, family, callback);
  }
}

/** What looks up for a socket without a function of its own; Node 22 settles on dns.lookup when the socket is made. */
const hostLookup = () => (skipsLookup ? lookupUnlessLiteral : require('node:dns').lookup);

/** `lookup(address, callback)` for sockets of this type; no address is this host. */
function lookupFor(type, lookup) {
  if (lookup !== undefined) validateFunction(lookup, 'lookup');
  const resolve = lookup ?? hostLookup();
  const [here, family] = type === 'udp4' ? ['127.0.0.1', 4] : ['::1', 6];
  return (address, callback) => resolve(address || here, family, callback);
}

module.exports = { lookupFor };
