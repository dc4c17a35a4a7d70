'use strict';
// Syslog in both formats, RFC 3164 and RFC 5424, from a socket that does not keep its process running.
const dgram = require('node:dgram');
const syslog = require('syslog-client');

const timestamp = new Date('2026-01-02T03:04:05Z');
/** What differs from run to run: the process number, and the time zone of the machine. */
const steady = (text) => text.replace(/(?<=clerk )\d+/, 'PID').replace(/Jan +\d+ [\d:]+/, 'TIME');

exports.peer = ({ port, ready, saw }) => {
  dgram.createSocket('udp4', (packet) => saw(steady(packet.toString()))).bind(port, '127.0.0.1', ready);
};

exports.client = async ({ port }) => {
  const client = syslog.createClient('127.0.0.1', { port, syslogHostname: 'here', appName: 'clerk' });
  const log = (text, options) => new Promise((resolve, reject) => {
    client.log(text, { timestamp, ...options }, (error) => (error ? reject(error) : resolve(text.length)));
  });
  const lengths = [
    await log('first', { severity: syslog.Severity.Warning }),
    await log('second', { rfc3164: false, facility: syslog.Facility.User }),
  ];
  await new Promise((resolve) => client.once('close', resolve).close());
  return lengths;
};

exports.expected = {
  client: [5, 6],
  peer: ['<132>TIME here first\n', '<14>1 2026-01-02T03:04:05.000Z here clerk PID - - second\n'],
};
