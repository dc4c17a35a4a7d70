/** As `require('heliogram/register')`: makes `dgram` and `node:dgram` heliogram for the whole process. */
export {};
