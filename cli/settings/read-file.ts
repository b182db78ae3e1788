/** Files that the command line names: the configuration, secrets, users. Each has a bound of bytes and of time, also where it is no file. */
import { readBoundedSync } from '../../lib/internal.ts'

/** Largest configuration file, bytes. */
const CONFIGURATION_BYTES_MAX = 1024 * 1024
/** Largest file with one secret, bytes. */
const SECRET_BYTES_MAX = 64 * 1024
/**
 * How long the next bytes of a FIFO or a device may take, not all of them. It holds before any setting is known, as it is what they are
 * read with. A writer that needs longer, such as one that prompts, runs first and its output is named. Unit ms.
 */
const SILENCE_MS_MAX = 10_000

/**
 * @throws {Error} with the reason: it cannot be read, is larger than `bytesMax`, is no UTF-8, or is a FIFO or a device of which nothing
 *   comes for `silenceMsMax`
 */
export function readText(
  file: string,
  bytesMax: number = CONFIGURATION_BYTES_MAX,
  silenceMsMax: number = SILENCE_MS_MAX,
): string {
  const bytes = readBoundedSync(file, { bytesMax, silenceMsMax })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
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
