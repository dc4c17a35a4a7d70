// The same for an ES module: exports the report, and prints it where it is the program.
import process from 'node:process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import heliogram from '../../index.js';
import dgram, { createSocket, Socket } from 'dgram';
import nodeDgram, * as namespace from 'node:dgram';
import required from './required.cjs';

const isHeliogram = (module) => module.createSocket === heliogram.createSocket && module.Socket === heliogram.Socket;

const imported = await import('node:dgram');

export const report = {
  'import dgram': isHeliogram(dgram),
  'import node:dgram': isHeliogram(nodeDgram),
  'import { createSocket }': createSocket === heliogram.createSocket,
  'import { Socket }': Socket === heliogram.Socket,
  'import *': isHeliogram(namespace) && isHeliogram(namespace.default),
  'import()': imported === namespace,
  createRequire: isHeliogram(createRequire(import.meta.url)('dgram')),
  'imported CommonJS': isHeliogram(required.dgram) && isHeliogram(required.nodeDgram),
};

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) console.log(JSON.stringify(report));
