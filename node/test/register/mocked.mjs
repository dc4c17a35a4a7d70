// As test frameworks do: mocks the module, and a function, a class and a method of it, and restores them.
import { createRequire } from 'node:module';
import { mock } from 'node:test';

const require = createRequire(import.meta.url);
const dgram = require('dgram');
const fake = () => 'fake';
const isReal = () => typeof dgram.createSocket('udp4').close().joinGroup === 'function';
const report = {};

function mocked(object, name, use) {
  const { mock: context } = mock.method(object, name, function () { return { fake: 1 }; });
  report[name] = use().fake === 1;
  context.restore();
  report[`${name} restored`] = isReal();
}

mocked(dgram, 'createSocket', () => dgram.createSocket('udp4'));
mocked(dgram, 'Socket', () => new dgram.Socket('udp4'));
mocked(dgram.Socket.prototype, 'send', () => dgram.createSocket('udp4').close().send('x', 9));
report['Socket is a data property'] = typeof Object.getOwnPropertyDescriptor(dgram, 'Socket').value === 'function';
report['resolves to itself'] = require.resolve('dgram') === 'dgram';

if (mock.module) {
  const context = mock.module('node:dgram', { namedExports: { createSocket: fake }, defaultExport: { createSocket: fake } });
  report['imported mock'] = (await import('node:dgram')).createSocket() === 'fake';
  report['required mock'] = require('dgram').createSocket() === 'fake';
  context.restore();
  report['module restored'] = isReal();
}
console.log(JSON.stringify(report));
