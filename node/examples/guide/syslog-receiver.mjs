// Receives syslog messages (RFC 5424 and RFC 3164), prints warnings and worse, and counts the rest.
//
//   node syslog-receiver.mjs [port]        logger --server 127.0.0.1 --port 5514 --udp -p user.err 'it works'

import process from 'node:process';
import { createSocket } from 'heliogram';

const [port = 5514] = process.argv.slice(2).map(Number);
const SEVERITIES = ['emergency', 'alert', 'critical', 'error', 'warning']; // 5 to 7 are harmless

const receiver = createSocket({ type: 'udp4', recvBufferSize: 8 << 20 });
process.once('SIGTERM', () => receiver.close());

receiver.bind(port, () => {
  receiver.setRecvMetadata({ dropped: true });
  console.log(`listening on ${receiver.address().port}`);
});

// A loop reads as fast as its body allows. Meanwhile at most 256 messages wait here; further ones wait in the kernel.
let [lost, others] = [0, 0];
for await (const { message, rinfo } of receiver) {
  if (rinfo.dropped > lost) console.log(`the kernel dropped ${rinfo.dropped - lost} messages`);
  lost = rinfo.dropped ?? lost;
  const [, priority, text] = /^<(\d{1,3})>(?:1 )?([^]*)$/.exec(String(message)) ?? [];
  const severity = SEVERITIES[priority % 8];
  if (severity) console.log(`${severity} from ${rinfo.address}: ${text.trim()}`);
  else others += 1;
}
console.log(`${others} other messages`);
