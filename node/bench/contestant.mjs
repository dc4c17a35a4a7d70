// Runs one contestant of the benchmark once, on the present runtime:
//
//   contestant.mjs ROLE --sockets host|heliogram|udpSocket --size BYTES --milliseconds N [--peer ADDRESS:PORT ...] ...
//
// A role that receives prints its address first. Every role but `echo` ends by printing its figures as one line of JSON.
// The driver, heliogram/benches, starts the contestant on a core of its own, with the traffic on another.
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
    later: flag,
    rounds: { ...text, default: '0' },
    'one-in': { ...text, default: '1' },
    count: { ...text, default: '10000' },
  },
});

function peer(text) {
  const colon = text.lastIndexOf(':');
  return { address: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}

/** The arguments of the role. */
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
  later: values.later,
  rounds: Number(values.rounds),
  oneIn: Number(values['one-in']),
  count: Number(values.count),
};
const tally = new Tally(Number(values['warm-up']), Number(values.milliseconds));

const [role] = positionals;
const roles = await import(values.sockets === 'udpSocket' ? './udp-socket.mjs' : './roles.mjs');
if (roles[role] === undefined) throw new Error(`no role ${role} for ${values.sockets}`);
await roles[role](job, tally);
