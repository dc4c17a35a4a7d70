'use strict';
// What differs between versions of Node's dgram. Deno and Bun say which Node they are, and behave as the newest of that line.

/**
 * The minor version with which a change came to each line that got it. Lines between them have none of it, later ones all.
 */
const LITERALS = { 24: 19, 26: 5 };
const BIND_FAILURE = { 24: 21, 26: 8 };
const UNNAMED_CLASSES = { 24: 22, 26: 9 };

/** Whether `major.minor` has a change. */
function has(change, major, minor) {
  return major in change ? minor >= change[major] : major > Math.max(...Object.keys(change));
}

/** The rules of Node `major.minor`. */
function rulesOf(major, minor) {
  return {
    /** A literal address of the socket's own family resolves to itself, without dns.lookup. */
    skipsLookup: has(LITERALS, major, minor),

    /** The event whose listener forgets the callback of a bind that fails; undefined: `errorMonitor`. */
    bindFailureEvent: has(BIND_FAILURE, major, minor) ? undefined : 'error',

    /** The text '0' is no port, as the number 0. */
    refusesTextZero: has(LITERALS, major, minor),

    /** Error messages name instances of a class whose name is no text. */
    namesUnnamedClasses: !has(UNNAMED_CLASSES, major, minor),

    /** The permission model knows the network. */
    asksForNet: major >= 25,

    /** The oldest line that heliogram takes the place of. */
    isSupported: major >= 22,
  };
}

const [major, minor] = process.versions.node.split('.').map(Number);
const isNode = process.versions.deno === undefined && process.versions.bun === undefined;

module.exports = { rulesOf, ...rulesOf(major, isNode ? minor : Infinity) };
