'use strict';

/** A symbol of an object, or of what it inherits from. */
function symbolOf(object, description) {
  if (object === null) return undefined;
  const own = Object.getOwnPropertySymbols(object).find((symbol) => symbol.description === description);
  return own ?? symbolOf(Object.getPrototypeOf(object), description);
}

module.exports = { symbolOf };
