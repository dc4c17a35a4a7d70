'use strict';
// Turns values into plain data that can be compared and sent between processes. What a program can see stays; what differs
// from run to run (ports that the kernel chose) becomes a name.

const EPHEMERAL = 1024;

/** Names the ports that the kernel chose, in the order in which they are first seen. */
class PortNames {
  #names = new Map();

  of(port) {
    if (!Number.isInteger(port) || port < EPHEMERAL || port > 65535) return port;
    if (!this.#names.has(port)) this.#names.set(port, `P${this.#names.size + 1}`);
    return this.#names.get(port);
  }

  within(text) {
    return text.replace(/:(\d{4,5})\b/g, (_, port) => `:${this.of(Number(port))}`);
  }
}

const ERROR_CLASSES = [TypeError, RangeError, SyntaxError, AggregateError, Error];
const DEPTH = 4;

/** Turns values into plain data, with the port names and the object names of one trace. */
class Plain {
  constructor(ports, names) {
    this.ports = ports;
    this.names = names;
  }

  of(value, key = '', depth = 0) {
    if (typeof value === 'number') return key === 'port' ? this.ports.of(value) : number(value);
    if (typeof value === 'string') return this.ports.within(value);
    if (typeof value === 'boolean' || value === null) return value;
    if (typeof value !== 'object') return `<${typeof value}${value === undefined ? '' : ` ${name(value)}`}>`;
    return this.#object(value, depth);
  }

  #object(value, depth) {
    if (this.names.has(value)) return `<${this.names.get(value)}>`;
    if (value instanceof Error) return this.error(value, depth);
    if (ArrayBuffer.isView(value)) return bytes(value);
    if (depth >= DEPTH) return '<deep>';
    if (Array.isArray(value)) return value.map((item) => this.of(item, '', depth + 1));
    // An array of pairs, since the order of keys is part of what a program sees.
    const entries = Object.keys(value).map((key) => [key, this.of(value[key], key, depth + 1)]);
    return { keys: entries };
  }

  /** What a program can see of an error: its class, how it prints, and every own field. */
  error(error, depth = 0) {
    const fields = Object.keys(error).map((key) => [key, this.of(error[key], key, depth + 1)]);
    return {
      error: ERROR_CLASSES.find((type) => error instanceof type).name,
      constructor: error.constructor?.name,
      name: error.name,
      text: this.ports.within(String(error)),
      message: this.ports.within(String(error.message)),
      stack: this.ports.within(String(error.stack).split('\n')[0]),
      fields,
    };
  }
}

function number(value) {
  return Number.isFinite(value) && !Object.is(value, -0) ? value : `<number ${Object.is(value, -0) ? '-0' : value}>`;
}

function name(value) {
  return typeof value === 'function' ? value.name : String(value);
}

const SHOWN = 64;

function bytes(view) {
  const raw = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  const shown = raw.length <= SHOWN ? raw.toString('latin1') : `${raw.toString('latin1', 0, SHOWN)}...`;
  return `<${view.constructor.name} ${raw.length}: ${JSON.stringify(shown)}>`;
}

module.exports = { Plain, PortNames };
