// A sender that waits for 'drain' while its send queue is full, and a slow reader. Not in Node.

import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { createSocket } from 'heliogram';

const COUNT = 150;

const reader = createSocket('udp4');
reader.bindSync({ address: '127.0.0.1' });
const { port } = reader.address();
reader.setRecvBufferSize(1 << 20); // room for the datagrams that wait while the reader is paused

const sender = createSocket({ type: 'udp4', writableHighWaterMark: 16_384 });
sender.bindSync({ address: '127.0.0.1' });

async function send() {
  let stops = 0;
  for (let n = 0; n < COUNT; n++) {
    sender.send(Buffer.alloc(1_000, n), port, '127.0.0.1');
    if (!sender.writableNeedDrain) continue;
    stops += 1;
    await once(sender, 'drain');
  }
  console.log(stops > 0 ? 'the sender stopped now and then' : 'the sender never stopped');
}

async function read() {
  let count = 0;
  for await (const { message } of reader.messages({ highWaterMark: 20 })) {
    if (message[0] !== count % 506) console.log(`${message[0]} came as number ${count}`);
    if (++count % 50 === 0) await setTimeout(5);
    if (count === COUNT) break;
  }
  console.log(`read ${count} datagrams in order`);
  reader.close();
}

const reading = read();
await send();
await reading;
sender.close();
