'use strict';
// What differs between versions of Node's dgram. Deno and Bun say which Node they are, and behave as that one.

/** The rules of Node `major.minor`. */
function rulesOf(major, minor) {
  const isAtLeast = (line, since) => major > line || (major === line && minor >= since);
  return {
    /** A literal address of the socket's own family resolves to itself, without dns.lookup. */
    skipsLookup: isAtLeast(24, 19),

    /** The event whose listener forgets the callback of a bind that fails; undefined: `errorMonitor`. */
    bindFailureEvent: isAtLeast(24, 21) ? undefined : 'error',

    /** The text '0' is no port, as the number 0. */
    refusesTextZero: isAtLeast(24, 0),

    /** Error messages name instances of a class whose name is no text. */
    namesUnnamedClasses: !isAtLeast(26, 0),

    /** The permission model knows the network. */
    asksForNet: isAtLeast(25, 0),

    /** The oldest line that heliogram takes the place of. */
    isSupported: isAtLeast(22, 0),
  };
}

const [major, minor] = process.versions.node.split('.').map(Number);

module.exports = { rulesOf, ...rulesOf(major, minor) };
