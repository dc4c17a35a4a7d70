'use strict';
// Programs which the kernel refuses system calls, started by `cargo xtask refuse`.

const { spawnSync } = require('node:child_process');
const path = require('node:path');

/** `cargo xtask test` names itself; in a test run by hand it is where cargo builds it. */
const LAUNCHER = process.env.HELIOGRAM_TEST_LAUNCHER ?? path.join(__dirname, '..', '..', '..', '..', 'target', 'debug', 'xtask');

/** The command under which a program is refused these calls, each as `call error [position=value]...`. */
const refusing = (calls) => [LAUNCHER, 'refuse', ...calls.flatMap((call) => ['--call', call]), '--'];

const [program, ...args] = refusing(['timerfd_create EPERM']);
const { status, stderr } = spawnSync(program, [...args, 'true'], { encoding: 'utf8' });

/** False, or why nothing can be refused. */
const noRefusals = status !== 0 && `no system call can be refused here: ${stderr || 'cargo build -p xtask'}`;

module.exports = { noRefusals, refusing };
