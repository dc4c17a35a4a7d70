'use strict';
// What Rust and JavaScript agree on. Generated from node/src/layout.rs by its test:
// UPDATE_LAYOUT=1 cargo test -p heliogram-node layout

/** The version of the addon that this is the layout of. */
exports.VERSION = '0.1.0';

/** A row of the table of received messages. The length is a negative number of the system's where an error has been received instead. */
exports.RECV_ROW = Object.freeze({
  /** Where the bytes begin in their memory. */
  OFFSET: 0,
  LENGTH: 1,
  PORT: 2,
  FLAGS: 3,
  /** The sender's address in four columns, in network order; of IPv4 the last one has it. */
  ADDRESS: 4,
  /** The zone of a link-local IPv6 address, or 0. */
  SCOPE: 8,
  /** Where the receive metadata is, if the flags say that there is some. */
  METADATA: 9,
  /** The row that has the sender's address and zone: this one, or one before it with the same sender. */
  SENDER: 10,
  COLUMNS: 11,
});

/** Flags of a received message. */
exports.RECV_FLAG = Object.freeze({
  IPV6: 1,
  METADATA: 2,
});

/** The memory of received batches: the table, whose last cell has how many messages have been delivered; room for metadata and for
 * the text of one address; room for two messages of any size. */
exports.RECV_MEMORY = Object.freeze({
  /** One turn's messages of one socket whose listeners take batches: the longest GRO packet. */
  ROWS: 64,
  /** The cell. */
  DELIVERED: 704,
  /** Where the text of an address is put. */
  TEXT: 2820,
  /** `xxxx:xxxx:xxxx:xxxx:xxxx:xxxx:255.255.255.255%`, and a name of an interface. */
  TEXT_BYTES: 64,
  METADATA: 2884,
  /** Enough for a turn's. */
  METADATA_BYTES: 8192,
  PAYLOAD: 11076,
  BYTES: 142148,
});

/** A record of receive metadata: where its fields are, in bytes. Numbers are little-endian, times in nanoseconds. */
exports.METADATA = Object.freeze({
  /** Which of the fields are known, one bit for each of `METADATA_BIT`. */
  KNOWN: 0,
  TOS: 1,
  TTL: 2,
  /** The lengths of the texts behind the record. */
  DESTINATION_LENGTH: 3,
  LOCAL_ADDRESS_LENGTH: 4,
  INTERFACE_LENGTH: 5,
  /** Two bytes. */
  SEGMENT_SIZE: 6,
  /** Four bytes. */
  INTERFACE_INDEX: 8,
  /** Four bytes. */
  DROPPED: 12,
  /** Eight bytes. */
  TIMESTAMP: 16,
  /** Eight bytes. */
  HARDWARE_TIMESTAMP: 24,
  TRUNCATED: 32,
  TEXTS: 33,
});

/** The bits of the fields that are known. */
exports.METADATA_BIT = Object.freeze({
  TOS: 1,
  TTL: 2,
  SEGMENT_SIZE: 4,
  INTERFACE_INDEX: 8,
  DROPPED: 16,
  TIMESTAMP: 32,
  HARDWARE_TIMESTAMP: 64,
  TRUNCATED: 128,
});

/** What `deliver` is called with in place of a number of messages. */
exports.DELIVER = Object.freeze({
  /** To go on with the batch whose listener threw. */
  RESUME: -1,
  /** There may be something in the socket's error queue. */
  ERROR_QUEUE: -2,
});

/** A row of the table of batched sends. */
exports.SEND_ROW = Object.freeze({
  SOCKET: 0,
  OFFSET: 1,
  LENGTH: 2,
  PORT: 3,
  DESTINATION: 4,
  /** The place of the datagram's options, from 1 on; 0 for none. */
  OPTIONS: 5,
  /** Written in place of the options: the size, a negative number of the system's, or `SEND.WAITS` with the token in place of
   * the offset. */
  OUTCOME: 5,
  COLUMNS: 6,
});

/** The memory of batched sends: the table, whose last cell has how many rows there are, and the bytes. */
exports.SEND_MEMORY = Object.freeze({
  /** One turn's datagrams: 32 peers with 8 each, for example. */
  ROWS: 256,
  /** The cell. */
  COUNT: 1536,
  PAYLOAD: 6148,
  /** A batch leaves when it has so many bytes. */
  BATCH_BYTES: 393216,
  /** Larger than any datagram: what is longer still is cut to this, and the kernel refuses it all the same. */
  TOO_LONG: 65536,
  BYTES: 464900,
});

/** Numbers that stand for something else in a row of a send. */
exports.SEND = Object.freeze({
  /** The outcome of a send which the kernel had no room for. */
  WAITS: -2147483648,
  /** The destination of a send to the connected peer. */
  PEER: -1,
  /** Instead of a destination's number: the table of destinations is full. */
  NO_ROOM: -1,
});

/** The flags of `open`. */
exports.OPEN_FLAG = Object.freeze({
  REUSE_ADDR: 1,
  REUSE_PORT: 2,
  IPV6_ONLY: 4,
  NO_OFFLOAD: 8,
  POOLED_BUFFERS: 16,
});

/** A socket's state as a number: its bind state, and its connect state shifted. */
exports.STATE = Object.freeze({
  BIND_MASK: 3,
  CONNECT_SHIFT: 2,
});

/** What a Unix datagram socket is ready for. */
exports.UNIX_READY = Object.freeze({
  READABLE: 1,
  WRITABLE: 2,
});

/** Turns of the loop. */
exports.TURN = Object.freeze({
  /** How many messages of one socket are delivered before the loop turns, as in Node. */
  MESSAGES: 32,
});

/** The integer and boolean socket options: rows of the library's table, which the addon names by their places. */
exports.SOCKOPTS = Object.freeze([
  { name: 'Broadcast', isBoolean: true },
  { name: 'TTL', least: 1, most: 255 },
  { name: 'MulticastTTL', least: 0, most: 255 },
  { name: 'MulticastLoopback', isBoolean: true },
  { name: 'MulticastAll', isBoolean: true },
  { name: 'TOS', least: 0, most: 255 },
  { name: 'Priority', least: 0, most: 2147483647 },
  { name: 'Mark', least: 0, most: 4294967295 },
  { name: 'Freebind', isBoolean: true },
  { name: 'Transparent', isBoolean: true },
  { name: 'IncomingCPU', least: 0, most: 2147483647 },
  { name: 'BusyPoll', least: 0, most: 2147483647 },
]);
