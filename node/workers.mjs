import { createRequire } from 'node:module';

// Not `import`: Deno takes the file for a module of its own if it is named by its path.
const group = createRequire(import.meta.url)('./workers.js');

export const { listen } = group;
export default group;
