'use strict';
// Receive metadata, error queue and multicast with other hosts: a router and a host behind it, each a network namespace.

const path = require('node:path');
const { inChild } = require('../../support/process/child.js');
const { namespace, noNamespace, noPacing } = require('../../support/network/namespaces.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'network-namespaces.js');

/** Declares a test: a scenario of the fixture, and the records that it must make. */
function beside(title, scenario, expected, needs = noNamespace) {
  inChild(title, FIXTURE, scenario, { prefix: namespace, needs, onHost: false, expected });
}

beside('an answer leaves from the address and by the interface that received the question', 'answers', [
  ['udp4 from there', ['eth0', '1'], ['eth0', '3']], ['udp4 from anywhere', true],
  ['udp6 from there', ['eth0', '1'], ['eth0', '3']], ['udp6 from anywhere', true],
]);

beside('a host behind a router receives ECN, DSCP and TTL as set by datagram and by socket', 'marks', ['udp4', 'udp6'].flatMap((type) => [
  [type, 0, 0, 0, 63], [type, 1, 0, 1, 63], [type, 2, 0, 2, 63], [type, 187, 46, 3, 63], [type, 184, 46, 0, 8], [type, 42, 10, 2, 63],
]));

const offence = (origin, type, icmpCode, address, offender) => ({ keys: Object.entries({ origin, type, icmpCode, address, offender }) });

beside('error queue entries name the destination and the offender: the peer, a router, a router with a smaller MTU', 'errors', [
  ['closed port', 'ECONNREFUSED', true, offence('icmp', 3, 3, '10.78.2.1', '10.78.2.1')],
  ['one hop', 'EHOSTUNREACH', true, offence('icmp', 11, 0, '10.78.2.1', '10.78.1.2')],
  ['MTU at first', 1_500], ['1400 bytes', 1_400], ['too big', 'EMSGSIZE', '10.78.1.2', 1_280, 1_280], ['in fragments', 1_400, 1_400],
  ['closed port', 'ECONNREFUSED', true, offence('icmp6', 1, 4, 'fd78:2::1', 'fd78:2::1')],
  ['one hop', 'EHOSTUNREACH', true, offence('icmp6', 3, 0, 'fd78:2::1', 'fd78:1::2')],
  ['MTU at first', 1_500], ['1400 bytes', 1_400], ['too big', 'EMSGSIZE', 'fd78:1::2', 1_280, 1_280], ['in fragments', 1_400, 1_400],
]);

beside('datagrams larger than the MTU of the interface', 'narrow', Array.from({ length: 2 }, () => [
  ['MTU', 1_300], ['kept whole', 1_200, 'EMSGSIZE'], ['in fragments', 1_200, 1_400], ['heard', [1_200, 1_200, 1_400]],
]).flat());

beside('receive timestamps lie within the time of the send', 'times', [['within the sending, and none before the last', 10]]);

beside('the count of drops is what was sent less what was received', 'drops', [['sent less received', 0, 0, true]]);

beside('setMulticastAll(false) keeps two groups on one port apart, joined by the interface\'s name', 'groups', ['udp4', 'udp6'].flatMap((type) => [
  [`${type}, all`, ['to 0', 'to 1'], ['to 0', 'to 1']], [`${type}, its own`, ['to 0'], ['to 1']],
  [`${type}, joined elsewhere`, [], ['to 1']], [`${type}, joined everywhere`, ['to 0'], []],
]));

beside('bindToDevice limits sending and receiving to its interface', 'devices', [
  ['heard', [['eth0', 'from middle'], ['lo', 'by lo']]], ['middle heard', ['by eth0']],
]);

beside('datagrams leave at their transmit times, within a tenth', 'transmitTimes', [['within a tenth', true]], noPacing);
