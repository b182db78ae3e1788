/**
 * Bytes as text of one character a byte (latin1). A million small Uint8Arrays cost 40 % more memory
 * than a million such strings and as many finalizers; what a znode holds is only ever copied.
 */

/** Each character is one byte, U+0000 to U+00FF: `length` is the number of bytes. */
export type ByteString = string

/** Copies the bytes into text. */
export function toByteString(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

/** Copies the text into bytes. */
export function fromByteString(text: ByteString): Buffer {
  return Buffer.from(text, 'latin1')
}
