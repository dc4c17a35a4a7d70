import { createRequire } from 'node:module';

// Not `import`: Deno takes the file for a module of its own if it is named by its path.
const dgram = createRequire(import.meta.url)('./index.js');

export const { createSocket, Socket } = dgram;
export default dgram;
