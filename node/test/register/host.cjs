'use strict';
// A program that asks for dgram first and registers afterwards holds both: heliogram must be another class than the
// host's own, and yet one of its kind, since `child_process` asks for that.
const host = require('node:dgram');
require('heliogram/register');
const dgram = require('node:dgram');

const socket = dgram.createSocket('udp4');
console.log(JSON.stringify({ instance: socket instanceof host.Socket, other: dgram.Socket !== host.Socket }));
socket.close();
