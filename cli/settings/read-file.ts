/** Files that the command line names: the configuration, secrets, users. Each has a bound, also where it is no file. */
import { closeSync, openSync, readSync } from 'node:fs'

/** Largest configuration file, bytes. */
const CONFIGURATION_BYTES_MAX = 1024 * 1024
/** Largest file with one secret, bytes. */
const SECRET_BYTES_MAX = 64 * 1024
const CHUNK_BYTES = 64 * 1024

/** @throws {Error} with the reason: it cannot be read, is larger than `bytesMax`, or is no UTF-8 */
export function readText(file: string, bytesMax: number = CONFIGURATION_BYTES_MAX): string {
  const bytes = Buffer.alloc(bytesMax + 1)
  const descriptor = openSync(file, 'r')
  let length = 0
  try {
    for (;;) {
      const room = Math.min(CHUNK_BYTES, bytes.length - length)
      const read = readSync(descriptor, bytes, length, room, null)
      if (read === 0) break
      length += read
      if (length > bytesMax) throw new Error(`the file ${file} has more than ${bytesMax} bytes`)
    }
  } finally {
    closeSync(descriptor)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length))
  } catch {
    throw new Error(`the file ${file} is not UTF-8 text`)
  }
}

/** The content of a file that holds one secret, without the line end behind it. */
export function readSecret(file: string): string {
  const secret = readText(file, SECRET_BYTES_MAX).replace(/\r?\n$/, '')
  if (secret === '') throw new Error(`the file ${file} is empty`)
  return secret
}
