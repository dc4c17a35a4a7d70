/**
 * Makes `dgram` and `node:dgram` heliogram for the whole process, its worker threads, forks and cluster workers, whether
 * they are reached by `require`, `import`, `import()`, `createRequire` or `process.getBuiltinModule`:
 *
 * ```sh
 * node --import heliogram/register app.mjs
 * node --require heliogram/register app.js
 * deno run -A --preload npm:heliogram/register app.mjs
 * bun --preload heliogram/register app.mjs
 * ```
 *
 * (In Deno and Bun worker threads are not reached.)
 *
 * A program may also load it itself, by `require` before anything that asks for `dgram`, or by `import` before an
 * `import()`: static imports are all resolved before the first of them runs. Its worker threads then need the flag in
 * their own `execArgv`. Child processes inherit it through `NODE_OPTIONS`.
 */
export {};
