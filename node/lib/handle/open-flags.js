'use strict';
// A socket's options as the addon takes them when it opens one.

const { FLAG } = require('../bridge/env.js');

function openFlags({ reuseAddr, reusePort, ipv6Only, offload = true, pooledBuffers }) {
  return (reuseAddr ? FLAG.reuseAddr : 0) |
    (reusePort ? FLAG.reusePort : 0) |
    (ipv6Only ? FLAG.ipv6Only : 0) |
    (offload ? 0 : FLAG.noOffload) |
    (pooledBuffers ? FLAG.pooledBuffers : 0);
}

module.exports = { openFlags };
