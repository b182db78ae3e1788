/** Reads files that hold a secret. Neighbour: credentials.ts. */
import { readBounded } from '../../lib/base/read-bounded.ts'
import { reasonOf } from '../../lib/base/reason-of.ts'
import { StoreError } from '../../lib/model/errors.ts'

/** Bundles of authorities are some hundred KB; anything larger is no secret. Unit: bytes. */
const SECRET_BYTES_MAX = 1_048_576
/** How long a FIFO or a device may say nothing. Unit: ms. */
const SILENCE_MS_MAX = 10_000

/** `name`: what the store's URL calls it. @throws {StoreError} STORE_INVALID, with the path and never with the content */
export async function readSecret(name: string, path: string): Promise<Buffer> {
  const bounds = { bytesMax: SECRET_BYTES_MAX, silenceMsMax: SILENCE_MS_MAX }
  return readBounded(path, bounds).catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code ?? reasonOf(cause)
    throw invalid(`cannot read the ${name} file ${path} (${reason})`, cause)
  })
}

/** One line of text; the newline at its end does not count. @throws {StoreError} STORE_INVALID */
export async function readSecretLine(name: string, path: string): Promise<string> {
  const text = (await readSecret(name, path)).toString('utf8').replace(/\r?\n$/, '')
  if (text === '') throw invalid(`the ${name} file ${path} is empty`)
  if (/[\r\n]/.test(text)) throw invalid(`the ${name} file ${path} has more than one line`)
  return text
}

export function invalid(message: string, cause?: unknown): StoreError {
  return new StoreError('STORE_INVALID', message, cause === undefined ? {} : { cause })
}
