'use strict';
// Whether the sockets of this process are heliogram's, decided when the package is loaded: in runtimes that heliogram does not
// support, and where no binary fits the machine, they are the host's own.

const { missing } = require('../bridge/binding.js');
const { isSupported, mayUseNet } = require('../runtime/index.js');

function findReason() {
  if (!isSupported) return require('./reasons.js').unsupported();
  // Where the network is denied sockets are the host's, which refuses; there no addon is needed.
  return mayUseNet() ? missing() : undefined;
}

/** Why they are the host's: an error; undefined where they are heliogram's. */
const reason = findReason();

/** Throws where there is nothing of the host's that could stand in for this part of heliogram. */
function demand(part) {
  if (reason !== undefined) throw require('./reasons.js').because(reason, `${part} needs heliogram's own sockets.`);
}

/** The host's module in the place of heliogram's; says so once. */
function hostModule() {
  return require('./host-module.js').hostModule(reason);
}

module.exports = { demand, hostModule, isOwn: reason === undefined };
