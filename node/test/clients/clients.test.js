'use strict';
// Real packages that use dgram, each in a small scenario with two ends in processes of their own: on the host's own dgram,
// on heliogram, and with heliogram at one end only.

const assert = require('node:assert');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { isItself } = require('../support/module.js');
const { reservedPort } = require('../support/network/ports.js');

const PACKAGE = path.join(__dirname, '..', '..');
const LIMIT = 30_000;

const scenarios = fs.readdirSync(__dirname).filter((name) => name.endsWith('.js') && !name.endsWith('.test.js'));
const both = [['heliogram', 'heliogram']];
const pairs = isItself ? [['host', 'host'], ...both, ['heliogram', 'host'], ['host', 'heliogram']] : both;
const FLAGS = { host: [], heliogram: ['--import', 'heliogram/register'] };

/** One end of a scenario: a process, and the messages it has sent. */
class End {
  #messages = [];
  output = '';

  constructor(scenario, role, port, which) {
    this.name = `the ${role} on ${which}`;
    this.child = fork(path.join(__dirname, 'support', 'run.js'), [path.join(__dirname, scenario), role, port, which], {
      cwd: PACKAGE, execArgv: [...FLAGS[which], '--no-deprecation'], stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, NODE_OPTIONS: '', NODE_TEST_CONTEXT: undefined },
    });
    this.exit = once(this.child, 'exit');
    this.child.on('message', (message) => this.#messages.push(message));
    const keep = (text) => { this.output += text; };
    for (const stream of [this.child.stdout, this.child.stderr]) stream.setEncoding('utf8').on('data', keep);
  }

  /** The values of its messages of one kind, in order. */
  valuesOf(kind) {
    return this.#messages.filter((message) => message.kind === kind).map(({ value }) => value);
  }

  /** Waits for this many messages of the kind; fails if the process disconnects before. */
  until(kind, count) {
    return new Promise((resolve, reject) => {
      const check = () => { if (this.valuesOf(kind).length >= count) resolve(this.valuesOf(kind)); };
      this.child.on('message', check);
      this.child.on('disconnect', () => reject(new Error(`${this.name} ended without '${kind}' number ${count}\n${this.output}`)));
      check();
    });
  }
}

async function run(scenario, [client, peer], ends) {
  const { expected } = require(path.join(__dirname, scenario));
  const port = await reservedPort();
  const start = (role, which) => ends[ends.push(new End(scenario, role, port, which)) - 1];
  const peerEnd = start('peer', peer);
  await peerEnd.until('ready', 1);
  const clientEnd = start('client', client);
  const [result] = await clientEnd.until('result', 1);
  const saw = await peerEnd.until('saw', expected.peer.length);
  assert.deepStrictEqual({ client: result, peer: saw }, expected);
  assert.deepStrictEqual(await clientEnd.exit, [0, null]);
}

for (const scenario of scenarios) {
  for (const [client, peer] of pairs) {
    const title = `${path.basename(scenario, '.js')}: client on ${client}, peer on ${peer}`;
    test(title, { timeout: LIMIT }, async (t) => {
      const ends = [];
      t.after(() => ends.forEach(({ child }) => child.kill('SIGKILL')));
      await run(scenario, [client, peer], ends);
    });
  }
}

test('at least eight packages', () => assert.ok(scenarios.length >= 8));
