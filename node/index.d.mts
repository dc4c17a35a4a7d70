export * from './index.js';
import * as dgram from './index.js';
export default dgram;
