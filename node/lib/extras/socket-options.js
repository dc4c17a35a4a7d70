'use strict';
// createSocket({ socketOptions }): options that are there before the socket's first datagram. They stand under a key of their
// own, because the host ignores keys that it does not know.

const { SOCKOPTS } = require('../bridge/layout.js');
const { checkedClock, checkedMetadata, methods } = require('./sockopt.js');
const { interfaceText, validateCount, validateKeys, validateObject, validateString } = require('../common/validate.js');

/** `ttl` for TTL, `multicastTTL` for MulticastTTL. */
const keyOf = (name) => (name === name.toUpperCase() ? name.toLowerCase() : name[0].toLowerCase() + name.slice(1));

/** The rows of the addon's table, by their keys. */
const ROWS = new Map(SOCKOPTS.map((option, row) => [keyOf(option.name), { ...option, row }]));

/** What concerns only what the socket sends is set by a method once it is bound. */
const AFTER_BIND = {
  dontFragment: { method: 'setDontFragment', check: Boolean },
  groupInterface: { method: 'setGroupInterface', check: (value) => interfaceText(value, nameOf('groupInterface')) },
  transmitTimeClock: { method: 'setTransmitTimeClock', check: (value) => checkedClock(value, nameOf('transmitTimeClock')) },
};

const KEYS = [...ROWS.keys(), 'device', 'recvMetadata', 'recvErrors', ...Object.keys(AFTER_BIND)];

const nameOf = (key) => `options.socketOptions.${key}`;

/** A row of the table and its value. */
function checkedRow(key, value) {
  const { row, isBoolean, least, most } = ROWS.get(key);
  if (!isBoolean) validateCount(value, nameOf(key), least, most);
  return [row, Number(isBoolean ? Boolean(value) : value)];
}

/** `before`: what the addon sets before the bind; `after`: methods and their arguments. */
function checkedSocketOptions(options) {
  validateObject(options, 'options.socketOptions');
  validateKeys(options, KEYS, 'options.socketOptions');
  const given = Object.keys(options).filter((key) => options[key] !== undefined);
  const { device, recvMetadata, recvErrors } = options;
  if (device !== undefined) validateString(device, nameOf('device'));
  const before = {
    sockopts: given.filter((key) => ROWS.has(key)).flatMap((key) => checkedRow(key, options[key])),
    device,
    metadata: recvMetadata === undefined ? undefined : checkedMetadata(recvMetadata, nameOf('recvMetadata')),
    errors: Boolean(recvErrors),
  };
  const after = given.filter((key) => key in AFTER_BIND).map((key) => [AFTER_BIND[key].method, AFTER_BIND[key].check(options[key])]);
  return { before, after };
}

/** Sets what is left once the socket is bound; 0 or the negative errno of what failed. */
function applyAfterBind(socket, { after }) {
  try {
    for (const [method, value] of after) Reflect.apply(methods[method], socket, [value]);
    return 0;
  } catch (error) {
    if (error.errno < 0) return error.errno;
    throw error;
  }
}

module.exports = { applyAfterBind, checkedSocketOptions };
