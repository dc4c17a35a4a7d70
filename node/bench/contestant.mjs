// One contestant of the bench, once, on whichever runtime this is:
//
//   contestant.mjs ROLE --sockets host|heliogram|udpSocket --size BYTES --milliseconds N [--peer ADDRESS:PORT ...] ...
//
// It prints the address that it is bound to if something is to be sent there, and at last its figures: one line of JSON.
// The driver, heliogram/benches, starts it on a core of its own, with the traffic on another.
import { parseArgs } from 'node:util';
import { Tally } from './tally.mjs';

const text = { type: 'string' };
const flag = { type: 'boolean', default: false };

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    sockets: { ...text, default: 'host' },
    options: { ...text, default: '{}' },
    size: { ...text, default: '64' },
    milliseconds: { ...text, default: '300' },
    'warm-up': { ...text, default: '400' },
    core: text,
    peer: { ...text, multiple: true, default: [] },
    callbacks: flag,
    many: flag,
    'under-way': flag,
    connected: flag,
    mixed: flag,
    'one-in': { ...text, default: '1' },
    count: { ...text, default: '10000' },
  },
});

function peer(text) {
  const colon = text.lastIndexOf(':');
  return { address: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}

/** What every role is told. */
const job = {
  sockets: values.sockets,
  options: { type: 'udp4', ...JSON.parse(values.options) },
  size: Number(values.size),
  peers: values.peer.map(peer),
  callbacks: values.callbacks,
  many: values.many,
  underWay: values['under-way'],
  connected: values.connected,
  mixed: values.mixed,
  oneIn: Number(values['one-in']),
  count: Number(values.count),
};
const tally = new Tally(Number(values['warm-up']), Number(values.milliseconds));

const [role] = positionals;
const roles = await import(values.sockets === 'udpSocket' ? './udp-socket.mjs' : './roles.mjs');
if (roles[role] === undefined) throw new Error(`no role ${role} for ${values.sockets}`);
await roles[role](job, tally);
