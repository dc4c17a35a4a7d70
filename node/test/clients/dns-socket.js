'use strict';
// DNS: a server, and a client with many queries in flight on one socket.
const dns = require('dns-socket');

const QUESTIONS = 50;

exports.peer = ({ port, ready }) => {
  const server = dns();
  server.on('query', (query, clientPort, host) => {
    const [{ name, type }] = query.questions;
    const data = `192.0.2.${Number(name.split('.')[0])}`;
    server.response(query, { answers: [{ name, type, ttl: 60, data }] }, clientPort, host);
  });
  server.bind(port, '127.0.0.1', ready);
};

exports.client = async ({ port }) => {
  const client = dns();
  const ask = (number) => new Promise((resolve, reject) => {
    const question = { questions: [{ type: 'A', name: `${number}.example` }] };
    client.query(question, port, '127.0.0.1', (error, answer) => (error ? reject(error) : resolve(answer.answers[0].data)));
  });
  const answers = await Promise.all(Array.from({ length: QUESTIONS }, (_, number) => ask(number)));
  await new Promise((resolve) => client.destroy(resolve));
  return answers;
};

exports.expected = {
  client: Array.from({ length: QUESTIONS }, (_, number) => `192.0.2.${number}`),
  peer: [],
};
