'use strict';
// A socket's options as the addon takes them when it opens one.

const { OPEN_FLAG } = require('../bridge/layout.js');

function openFlags({ reuseAddr, reusePort, ipv6Only, offload = true, pooledBuffers }) {
  return (reuseAddr ? OPEN_FLAG.REUSE_ADDR : 0) |
    (reusePort ? OPEN_FLAG.REUSE_PORT : 0) |
    (ipv6Only ? OPEN_FLAG.IPV6_ONLY : 0) |
    (offload ? 0 : OPEN_FLAG.NO_OFFLOAD) |
    (pooledBuffers ? OPEN_FLAG.POOLED_BUFFERS : 0);
}

module.exports = { openFlags };
