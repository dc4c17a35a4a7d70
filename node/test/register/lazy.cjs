'use strict';
// The shared objects that the process has loaded once the package is, before any socket exists.
require('heliogram/register');
require('dgram');

const { sharedObjects } = process.report.getReport();
console.log(JSON.stringify({ binaries: sharedObjects.filter((file) => file.endsWith('.node')) }));
