// The same for an ES module: exports the report, and prints it where it is the program.
import process from 'node:process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import heliogram from '../../index.js';
import dgram, { createSocket, Socket } from 'dgram';
import nodeDgram, * as namespace from 'node:dgram';
import required from './required.cjs';

const imported = await import('node:dgram');

export const report = {
  'import dgram': dgram === heliogram,
  'import node:dgram': nodeDgram === heliogram,
  'import { createSocket }': createSocket === heliogram.createSocket,
  'import { Socket }': Socket === heliogram.Socket,
  'import *': namespace.createSocket === heliogram.createSocket && namespace.default === heliogram,
  'import()': imported === namespace,
  createRequire: createRequire(import.meta.url)('dgram') === heliogram,
  'imported CommonJS': required.dgram === heliogram && required.nodeDgram === heliogram,
};

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) console.log(JSON.stringify(report));
