'use strict';
// A program that takes the host's class and registers afterwards has both: heliogram's is another class, and its sockets are
// instances of the host's, since `child_process` asks for that. A socket of the host's is an instance of heliogram's.
const host = { ...require('node:dgram') };
const old = host.createSocket('udp4');
require('heliogram/register');
const dgram = require('node:dgram');

const socket = dgram.createSocket('udp4');
console.log(JSON.stringify({ instance: socket instanceof host.Socket, other: dgram.Socket !== host.Socket, old: old instanceof dgram.Socket }));
socket.close();
old.close();
