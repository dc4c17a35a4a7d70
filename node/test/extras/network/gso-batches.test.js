'use strict';
// B102: the don't-fragment bit of GSO batches over IPv4, as a router with a smaller MTU sees it.

const path = require('node:path');
const { inChild } = require('../../support/process/child.js');
const { namespace, noNamespace } = require('../../support/network/namespaces.js');

const FIXTURE = path.join(__dirname, 'fixtures', 'gso-batches.js');

/** Declares a test: a scenario of the fixture, and the records that it must make. */
function beside(title, scenario, expected) {
  inChild(title, FIXTURE, scenario, { prefix: namespace, needs: noNamespace, onHost: false, expected });
}

const five = (size) => Array.from({ length: 5 }, () => size);

beside('B102 a router reports the MTU to GSO batches, and what exceeds it arrives in fragments', 'reported', ['udp4', 'udp6'].flatMap((type) => [
  [`${type}: sent`, five(1_400), 1], ['the router', 'EMSGSIZE', 1_280, 3, 4], ['again', five(1_400), five(1_400)],
  ['too large', 3_000, [3_000]], ['small', five(1_000), five(1_000)],
]));

beside('B102 where others may have the descriptor there are no batches but in a mode that the program chooses', 'others', [
  ['alone', 1, five(1_000)],
  ['descriptor read', 0, five(1_000)],
  ['descriptor taken over', 0, 1, [...five(1_000), ...five(1_000)]],
]);

beside('B102 workers of a cluster batch, and send what exceeds the MTU all the same', 'workers', [
  ['bound', 'ok'], ['bound', 'ok'],
  ['batch', [...five(1_000), 1], five(1_000)], ['too large', [3_000, 0], [3_000]],
  ['batch', [...five(1_000), 1], five(1_000)], ['too large', [3_000, 1], [3_000]],
]);
