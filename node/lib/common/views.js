'use strict';
// The bytes of a view, by the language's own getters: a program may have put others in their place, or taken the view's
// memory away since it passed the view.

const getter = (prototype, name) => Function.prototype.call.bind(Object.getOwnPropertyDescriptor(prototype, name).get);

const TypedArray = Object.getPrototypeOf(Uint8Array.prototype);
const typeOf = getter(TypedArray, Symbol.toStringTag);
const typedLength = getter(TypedArray, 'byteLength');
const typedOffset = getter(TypedArray, 'byteOffset');
const typedBuffer = getter(TypedArray, 'buffer');
const dataLength = getter(DataView.prototype, 'byteLength');
const dataOffset = getter(DataView.prototype, 'byteOffset');
const dataBuffer = getter(DataView.prototype, 'buffer');

/** The bytes of a DataView; none if its memory is gone. */
function dataViewBytes(view, most) {
  try {
    return new Uint8Array(dataBuffer(view), dataOffset(view), Math.min(dataLength(view), most));
  } catch {
    return new Uint8Array(0);
  }
}

/** The length of a view in bytes; 0 if its memory is gone. */
const byteLengthOf = (view) => (typeOf(view) === undefined ? dataViewBytes(view, Infinity).length : typedLength(view));

/** The bytes of a view, at most so many; none if its memory is gone. */
function bytesOf(view, most = Infinity) {
  const type = typeOf(view);
  if (type === undefined) return dataViewBytes(view, most);
  const length = typedLength(view);
  if (type === 'Uint8Array' && length <= most) return view;
  return length === 0 ? new Uint8Array(0) : new Uint8Array(typedBuffer(view), typedOffset(view), Math.min(length, most));
}

module.exports = { byteLengthOf, bytesOf };
