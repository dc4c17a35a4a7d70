export * from './workers.js';
import * as group from './workers.js';
export default group;
