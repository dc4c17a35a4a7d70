export * from './promises.js';
import * as promises from './promises.js';
export default promises;
