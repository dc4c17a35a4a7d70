'use strict';
// CoAP, the web protocol of small devices: confirmed requests, and answers in blocks where one datagram is too small.
const coap = require('coap');

const LARGE = 'block '.repeat(1000);

exports.peer = ({ port, ready, saw }) => {
  const server = coap.createServer();
  server.on('request', (req, res) => {
    saw(`${req.method} ${req.url} ${req.payload.length}`);
    if (req.url !== '/none') return res.end(req.method === 'POST' ? req.payload : LARGE);
    res.code = '4.04';
    res.end();
  });
  server.listen(port, '127.0.0.1', ready);
};

function request(port, options, body) {
  return new Promise((resolve, reject) => {
    const req = coap.request({ hostname: '127.0.0.1', port, ...options });
    req.on('error', reject);
    req.on('response', (res) => {
      const chunks = [];
      res.on('data', (chunk) => chunks.push(chunk));
      res.on('end', () => resolve({ code: res.code, body: Buffer.concat(chunks).toString() }));
    });
    req.end(body);
  });
}

exports.client = async ({ port }) => {
  const large = await request(port, { pathname: '/large' });
  const echo = await request(port, { pathname: '/echo', method: 'POST' }, 'some bytes');
  const none = await request(port, { pathname: '/none' });
  return [large.code, large.body === LARGE, echo, none.code];
};

exports.expected = {
  client: ['2.05', true, { code: '2.05', body: 'some bytes' }, '4.04'],
  peer: ['GET /large 0', 'POST /echo 10', 'GET /none 0'],
};
