'use strict';
// Names to addresses, by the host's dns.lookup or the program's own function.

const process = require('../runtime/process.js');
const { isIP } = require('../common/is-ip.js');
const { ownLookup, skipsLookup } = require('../runtime/index.js');
const { validateFunction } = require('../common/validate.js');

/** How many literal addresses are remembered. */
const CAPACITY = 1_024;

/** Where a message goes that names no address. */
const HERE = { udp4: '127.0.0.1', udp6: '::1' };

const literals = new Map(); // the families of addresses, by their texts

let lastAddress; // most messages go where the last one went
let lastFamily = 0;

/** The family of a literal address, or 0. */
function familyOf(address) {
  if (address === lastAddress) return lastFamily;
  let family = literals.get(address);
  if (family === undefined) {
    family = isIP(address);
    if (literals.size === CAPACITY) literals.clear();
    literals.set(address, family);
  }
  lastAddress = address;
  lastFamily = family;
  return family;
}

let dns; // loaded late, and `lookup` read off it at each call: programs replace it

const hostDns = () => (dns ??= require('node:dns'));

const currentLookup = (address, family, callback) => hostDns().lookup(address, family, callback);

const namesLookup = skipsLookup ? currentLookup : ownLookup;

function lookupUnlessLiteral(address, family, callback) {
  if (familyOf(address) === family) {
    process.nextTick(callback, null, address, family);
  } else {
    namesLookup(address, family, callback);
  }
}

const wholeLookup = (resolve, here, family) => (address, callback) => resolve(address || here, family, callback);

/** The look-ups of sockets for which literals stand for themselves. */
const plain = {
  udp4: wholeLookup(lookupUnlessLiteral, HERE.udp4, 4),
  udp6: wholeLookup(lookupUnlessLiteral, HERE.udp6, 6),
};

/**
 * `lookup(address, callback)` for sockets of this type; no address is this host. For a socket without a function of its
 * own, Node 22 and Bun settle on dns.lookup when the socket is made. If that is the host's own, its answers to literals
 * are known.
 */
function lookupFor(type, given) {
  if (given !== undefined) validateFunction(given, 'lookup');
  else if (skipsLookup) return plain[type];
  const resolve = given ?? hostDns().lookup;
  if (resolve === ownLookup) return plain[type];
  return wholeLookup(resolve, HERE[type], type === 'udp4' ? 4 : 6);
}

/** What this look-up is going to answer on the next tick, if it is known before: a literal; else undefined. */
function foreseen(lookup, address) {
  if (lookup === plain.udp4) return foreseenAs(address || HERE.udp4, 4);
  if (lookup === plain.udp6) return foreseenAs(address || HERE.udp6, 6);
  return undefined;
}

const foreseenAs = (address, family) => (familyOf(address) === family ? address : undefined);

module.exports = { foreseen, lookupFor };
