'use strict';
// Receive metadata: the record that node/src/receive/record.rs writes behind a datagram, as fields of rinfo.

const { METADATA: AT, METADATA_BIT: BIT } = require('./layout.js');

const uint16 = (bytes, at) => bytes[at] | bytes[at + 1] << 8;
const uint32 = (bytes, at) => (uint16(bytes, at) | uint16(bytes, at + 2) << 16) >>> 0;
const uint64 = (bytes, at) => BigInt(uint32(bytes, at)) | BigInt(uint32(bytes, at + 4)) << 32n;

/** Fields of a record: the bit that says whether it is known, its name, how to read it. */
const FIELDS = [
  [BIT.TOS, 'tos', (bytes, at) => bytes[at + AT.TOS]],
  [BIT.TOS, 'ecn', (bytes, at) => bytes[at + AT.TOS] & 3],
  [BIT.TOS, 'dscp', (bytes, at) => bytes[at + AT.TOS] >> 2],
  [BIT.TTL, 'ttl', (bytes, at) => bytes[at + AT.TTL]],
  [BIT.SEGMENT_SIZE, 'segmentSize', (bytes, at) => uint16(bytes, at + AT.SEGMENT_SIZE)],
  [BIT.INTERFACE_INDEX, 'interfaceIndex', (bytes, at) => uint32(bytes, at + AT.INTERFACE_INDEX)],
  [BIT.DROPPED, 'dropped', (bytes, at) => uint32(bytes, at + AT.DROPPED)],
  [BIT.TIMESTAMP, 'timestamp', (bytes, at) => uint64(bytes, at + AT.TIMESTAMP)],
  [BIT.HARDWARE_TIMESTAMP, 'hardwareTimestamp', (bytes, at) => uint64(bytes, at + AT.HARDWARE_TIMESTAMP)],
  [BIT.TRUNCATED, 'truncated', (bytes, at) => bytes[at + AT.TRUNCATED] !== 0],
];

/** Texts behind the fields, and the offsets of their lengths. */
const TEXTS = [
  ['destination', AT.DESTINATION_LENGTH],
  ['localAddress', AT.LOCAL_ADDRESS_LENGTH],
  ['interface', AT.INTERFACE_LENGTH],
];

function addRecvMetadata(rinfo, bytes, at) {
  for (const [bit, name, read] of FIELDS) if (bytes[at + AT.KNOWN] & bit) rinfo[name] = read(bytes, at);
  let start = at + AT.TEXTS;
  for (const [name, lengthAt] of TEXTS) {
    const end = start + bytes[at + lengthAt];
    if (end > start) rinfo[name] = bytes.latin1Slice(start, end);
    start = end;
  }
}

module.exports = { addRecvMetadata };
