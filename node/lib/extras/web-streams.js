'use strict';
// socket.readable and socket.writable: web streams of datagrams, made when somebody asks for them.

const { handleOf } = require('../dgram/state.js');
const { kState } = require('../runtime/index.js');
const { messages } = require('./async-iterator.js');
const { pressureOf } = require('../dgram/backpressure.js');
const { ERR_SOCKET_DGRAM_IS_CONNECTED, ERR_SOCKET_DGRAM_NOT_RUNNING } = require('../common/errors.js');

/** Sends to the peer or to where the datagram says; unlike send(), which lets a port be a length, it never guesses. */
function sendDatagram(socket, { message, port, address, options }, callback) {
  if (options !== undefined) socket.send(message, port, address, options, callback);
  else if (!socket[kState].udpHandle.connected) socket.send(message, port, address, callback);
  else if (port === undefined && address === undefined) socket.send(message, callback);
  else throw new ERR_SOCKET_DGRAM_IS_CONNECTED();
}

/** It reads nothing, and does not listen, before it is read. */
function readableOf(socket) {
  let iterator;
  const source = {
    async pull(controller) {
      iterator ??= messages.call(socket);
      const { value, done } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator?.return();
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}

const drained = (pressure) => new Promise((resolve) => pressure.whenDrained(resolve));

/** A write is done when the datagram need not wait; the first that fails later is the end of the stream. */
function writableOf(socket) {
  const pressure = pressureOf(socket);
  const sink = {
    start(controller) {
      const end = () => controller.error(new ERR_SOCKET_DGRAM_NOT_RUNNING());
      if (handleOf(socket) === null) end();
      else socket.once('close', end);
    },
    write(datagram, controller) {
      sendDatagram(socket, datagram, (error) => {
        if (error) controller.error(error);
      });
      return pressure.needsDrain ? drained(pressure) : undefined;
    },
    close: () => drained(pressure),
  };
  return new WritableStream(sink);
}

module.exports = { readableOf, sendDatagram, writableOf };
