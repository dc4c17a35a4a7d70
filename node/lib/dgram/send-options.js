'use strict';
// Options of a single datagram: send(msg, port, address, { ... }, callback).

const { ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE } = require('../common/errors.js');
const { interfaceText, validateCount, validateKeys, validateObject, validateString } = require('../common/validate.js');

function checkedTransmitTime(time) {
  if (typeof time !== 'bigint') throw new ERR_INVALID_ARG_TYPE('options.transmitTime', 'of type bigint', time);
  if (time < 0n || time >= 1n << 64n) throw new ERR_OUT_OF_RANGE('options.transmitTime', '>= 0n && < 2n ** 64n', time);
  return time;
}

/** A number of a range, or undefined. */
function inRange(options, name, least, most) {
  const value = options[name];
  if (value !== undefined) validateCount(value, `options.${name}`, least, most);
  return value;
}

/** DSCP and ECN in one byte, given as such or apart. */
function checkedTOS(options) {
  const [tos, dscp, ecn] = [inRange(options, 'tos', 0, 255), inRange(options, 'dscp', 0, 63), inRange(options, 'ecn', 0, 3)];
  if (dscp === undefined && ecn === undefined) return tos;
  return ((dscp ?? (tos ?? 0) >> 2) << 2) | (ecn ?? (tos ?? 0) & 3);
}

const KEYS = [
  'source', 'interface', 'tos', 'dscp', 'ecn', 'ttl', 'dontFragment', 'segmentSize', 'transmitTime', 'transmitTimestamp',
];

/** The options as the addon takes them. */
function checkedSendOptions(options) {
  validateObject(options, 'options');
  validateKeys(options, KEYS, 'options');
  const { source, interface: of, dontFragment, transmitTime, transmitTimestamp } = options;
  if (source !== undefined) validateString(source, 'options.source');
  return {
    source,
    interface: of === undefined ? undefined : interfaceText(of, 'options.interface'),
    tos: checkedTOS(options),
    ttl: inRange(options, 'ttl', 1, 255),
    dontFragment: dontFragment === undefined ? undefined : Boolean(dontFragment),
    segmentSize: inRange(options, 'segmentSize', 1, 65_535),
    transmitTime: transmitTime === undefined ? undefined : checkedTransmitTime(transmitTime),
    transmitTimestamp: Boolean(transmitTimestamp),
  };
}

module.exports = { checkedSendOptions };
