'use strict';
// The runtime's own dgram as it was before heliogram/register, where that has to change it in place.

exports.dgram = undefined;
