import { createRequire } from 'node:module';

// Not `import`: Deno takes the file for a module of its own if it is named by its path.
const unix = createRequire(import.meta.url)('./unix-dgram.js');

export const { createSocket, Socket } = unix;
export default unix;
