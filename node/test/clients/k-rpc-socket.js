'use strict';
// BitTorrent's distributed hash table: bencoded queries, answers and errors between peers.
const rpc = require('k-rpc-socket');

exports.peer = ({ port, ready, saw }) => {
  const node = rpc();
  node.on('query', (query, from) => {
    const name = query.q.toString();
    saw(name);
    if (name === 'echo') node.response(from, query, { text: query.a.text });
    else node.error(from, query, [204, 'Method Unknown']);
  });
  node.bind(port, '127.0.0.1', ready);
};

exports.client = async ({ port }) => {
  const node = rpc({ timeout: 10_000 });
  const call = (query) => new Promise((resolve) => {
    node.query({ host: '127.0.0.1', port }, query, (error, answer) => resolve(error ? error.message : answer.r.text.toString()));
  });
  const answers = [await call({ q: 'echo', a: { text: 'some bytes' } }), await call({ q: 'vote', a: {} })];
  node.destroy();
  return answers;
};

exports.expected = { client: ['some bytes', '204 Method Unknown'], peer: ['echo', 'vote'] };
