// Imports in CommonJS.
import dgram = require('node:dgram');
import { createSocket } from 'node:dgram';

const socket: dgram.Socket = dgram.createSocket('udp4', (msg: Buffer, rinfo: dgram.RemoteInfo) => console.log(msg, rinfo));
const options: dgram.SocketOptions = { type: 'udp6' };
const another = new Map<string, dgram.Socket>([['a', createSocket(options)]]);
const bound = new Promise<dgram.Socket>((resolve) => { socket.bind({ port: 0 } satisfies dgram.BindOptions, () => resolve(socket)); });

export = { another, bound };
