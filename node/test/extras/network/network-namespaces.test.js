'use strict';
// What a socket tells and can do beside other hosts: a router and one behind it, each a network namespace.

const path = require('node:path');
const { inChild } = require('../../support/process/child.js');
const { namespace, noNamespace, noPacing } = require('../../support/network/namespaces.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'network-namespaces.js');

/** A scenario of the fixture, and what it must find. */
function beside(title, scenario, expected, needs = noNamespace) {
  inChild(title, FIXTURE, scenario, { prefix: namespace, needs, onHost: false, expected });
}

beside('an answer leaves from the address that was asked, by the interface it came through', 'answers', [
  ['udp4 from there', ['eth0', '1'], ['eth0', '3']], ['udp4 from anywhere', true],
  ['udp6 from there', ['eth0', '1'], ['eth0', '3']], ['udp6 from anywhere', true],
]);

beside('the far socket sees marks, class and hops of each datagram and of the socket', 'marks', ['udp4', 'udp6'].flatMap((type) => [
  [type, 0, 0, 0, 63], [type, 1, 0, 1, 63], [type, 2, 0, 2, 63], [type, 187, 46, 3, 63], [type, 184, 46, 0, 8], [type, 42, 10, 2, 63],
]));

const offence = (origin, type, icmpCode, address, offender) => ({ keys: Object.entries({ origin, type, icmpCode, address, offender }) });

beside('who says what became of a datagram, and of whose: the peer, a router, a router whose link is narrow', 'errors', [
  ['closed port', 'ECONNREFUSED', true, offence('icmp', 3, 3, '10.78.2.1', '10.78.2.1')],
  ['one hop', 'EHOSTUNREACH', true, offence('icmp', 11, 0, '10.78.2.1', '10.78.1.2')],
  ['MTU at first', 1_500], ['1400 bytes', 1_400], ['too big', 'EMSGSIZE', '10.78.1.2', 1_280, 1_280], ['in fragments', 1_400, 1_400],
  ['closed port', 'ECONNREFUSED', true, offence('icmp6', 1, 4, 'fd78:2::1', 'fd78:2::1')],
  ['one hop', 'EHOSTUNREACH', true, offence('icmp6', 3, 0, 'fd78:2::1', 'fd78:1::2')],
  ['MTU at first', 1_500], ['1400 bytes', 1_400], ['too big', 'EMSGSIZE', 'fd78:1::2', 1_280, 1_280], ['in fragments', 1_400, 1_400],
]);

beside('what exceeds the MTU of the interface', 'narrow', Array.from({ length: 2 }, () => [
  ['MTU', 1_300], ['kept whole', 1_200, 'EMSGSIZE'], ['in fragments', 1_200, 1_400], ['heard', [1_200, 1_200, 1_400]],
]).flat());

beside('times of arrival lie within the sending', 'times', [['within the sending, and none before the last', 10]]);

beside('what was dropped is what was sent less what was received', 'drops', [['sent less received', 0, 0, true]]);

beside('two groups on one port are kept apart, and joined by the interface\'s name', 'groups', ['udp4', 'udp6'].flatMap((type) => [
  [`${type}, all`, ['to 0', 'to 1'], ['to 0', 'to 1']], [`${type}, its own`, ['to 0'], ['to 1']],
  [`${type}, joined elsewhere`, [], ['to 1']], [`${type}, joined everywhere`, ['to 0'], []],
]));

beside('a socket keeps to its interface, in and out', 'devices', [
  ['heard', [['eth0', 'from middle'], ['lo', 'by lo']]], ['middle heard', ['by eth0']],
]);

beside('datagrams leave when they shall, within a tenth', 'transmitTimes', [['within a tenth', true]], noPacing);
