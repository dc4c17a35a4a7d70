// Named .cjs, because Deno reads a .js file that is named by its path as an ES module.
import core from './dist/core.cjs';

const dgram = core['dgram/index.js'];

export const { createSocket, HeliogramError, Socket } = dgram;
export default dgram;
