export * from './unix-dgram.js';
import * as unix from './unix-dgram.js';
export default unix;
