'use strict';
// Runs a program of examples/guide/ and reads what it prints.

const { spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');

const FOLDER = path.join(__dirname, '..', '..', 'examples', 'guide');
const LIMIT = 20_000; // ms

/**
 * Starts the program under `prefix`, a command that runs commands. `line()` is the next line it prints, `end()` sends
 * SIGTERM and resolves to what was not read, `ended()` waits until the program ends by itself.
 */
function start(t, [name, ...args], { prefix = [] } = {}) {
  const [program, ...rest] = [...prefix, process.execPath, path.join(FOLDER, name), ...args.map(String)];
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT, env: { ...process.env, NODE_TEST_CONTEXT: undefined } });
  t.after(() => child.kill('SIGKILL'));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => { errors += text; });
  const closed = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  async function ended() {
    const rest = [];
    for await (const line of lines) rest.push(line);
    const { code, signal } = await closed;
    if (code !== 0 || errors !== '') throw new Error(`${name}: exit code ${code}, signal ${signal}\n${errors}`);
    return rest;
  }

  return {
    child,
    ended,
    async line() {
      const { value } = await lines.next();
      if (value === undefined) throw new Error(`${name} printed nothing more\n${errors}`);
      return value;
    },
    end() {
      child.kill('SIGTERM');
      return ended();
    },
  };
}

module.exports = { FOLDER, start };
