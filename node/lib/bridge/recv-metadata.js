'use strict';
// Receive metadata: the record that node/src/receive/record.rs writes behind a datagram, as fields of rinfo.

/** Fields of a record: the bit that says whether it is known, its name, how to read it. */
const FIELDS = [
  [1, 'tos', (bytes, at) => bytes[at + 1]],
  [1, 'ecn', (bytes, at) => bytes[at + 1] & 3],
  [1, 'dscp', (bytes, at) => bytes[at + 1] >> 2],
  [2, 'ttl', (bytes, at) => bytes[at + 2]],
  [4, 'segmentSize', (bytes, at) => bytes.readUInt16LE(at + 6)],
  [8, 'interfaceIndex', (bytes, at) => bytes.readUInt32LE(at + 8)],
  [16, 'dropped', (bytes, at) => bytes.readUInt32LE(at + 12)],
  [32, 'timestamp', (bytes, at) => bytes.readBigUInt64LE(at + 16)],
  [64, 'hardwareTimestamp', (bytes, at) => bytes.readBigUInt64LE(at + 24)],
  [128, 'truncated', (bytes, at) => bytes[at + 32] !== 0],
];

/** Texts behind the fields, and the offsets of their lengths. */
const TEXTS = [['destination', 3], ['localAddress', 4], ['interface', 5]];
const FIXED = 33;

function addRecvMetadata(rinfo, bytes, at) {
  for (const [bit, name, read] of FIELDS) if (bytes[at] & bit) rinfo[name] = read(bytes, at);
  let start = at + FIXED;
  for (const [name, lengthAt] of TEXTS) {
    const end = start + bytes[at + lengthAt];
    if (end > start) rinfo[name] = bytes.latin1Slice(start, end);
    start = end;
  }
}

module.exports = { addRecvMetadata };
