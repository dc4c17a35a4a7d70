// The protocol of systemd and a service of Type=notify, over an abstract name. Linux. Not in Node.

import process from 'node:process';
import { createSocket } from 'heliogram';

const NAME = `\0heliogram-notify-${process.pid}`; // $NOTIFY_SOCKET has an @ for the NUL

const manager = createSocket({ type: 'unix_dgram', receiveCredentials: true }, (message, { credentials }) => {
  const isTrue = credentials?.pid === process.pid;
  console.log(`${message} from ${isTrue ? 'the process that says so' : 'another'}`);
  manager.close();
});

manager.bind(NAME, () => createSocket('unix_dgram').send('READY=1', NAME));
