import promises from './promises.js';

export const { createSocket, Socket } = promises;
export default promises;
