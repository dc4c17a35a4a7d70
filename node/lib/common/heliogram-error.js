'use strict';

/** The errors of heliogram's own codes, which the host does not have. */
class HeliogramError extends Error {
  static {
    Object.defineProperty(this.prototype, 'name', { value: 'HeliogramError', writable: true, configurable: true });
  }

  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

module.exports = { HeliogramError };
