// As monitoring tools do: patches the object of the builtin and publishes that to ES modules. Counts the calls seen.
import { createRequire, syncBuiltinESMExports } from 'node:module';
import dgram, * as namespace from 'node:dgram';
import { createSocket } from 'dgram';

const required = createRequire(import.meta.url)('node:dgram');
const { createSocket: original } = required;
let seen = 0;
required.createSocket = function (...args) {
  seen++;
  return Reflect.apply(original, this, args);
};
syncBuiltinESMExports();

const imported = await import('node:dgram');
const ways = [createSocket, namespace.createSocket, dgram.createSocket, imported.createSocket, process.getBuiltinModule('dgram').createSocket];
for (const make of ways) make('udp4').close();
console.log(JSON.stringify({ seen, of: ways.length, isOurs: typeof dgram.Socket.prototype.joinGroup === 'function' }));
