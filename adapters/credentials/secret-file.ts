/** Reads files that hold a secret. Neighbour: credentials.ts. */
import { open } from 'node:fs/promises'
import { StoreError } from '../../lib/model/errors.ts'

/** Bundles of authorities are some hundred KB; anything larger is no secret. Unit: bytes. */
const SECRET_BYTES_MAX = 1_048_576
const CHUNK_BYTES = 65_536

/** `name`: what the store's URL calls it. @throws {StoreError} STORE_INVALID, with the path and never with the content */
export async function readSecret(name: string, path: string): Promise<Buffer> {
  const bytes = await readBounded(path).catch((cause: NodeJS.ErrnoException) => {
    throw invalid(`cannot read the ${name} file ${path} (${cause.code})`, cause)
  })
  if (bytes.length <= SECRET_BYTES_MAX) return bytes
  throw invalid(`the ${name} file ${path} has more than ${SECRET_BYTES_MAX} bytes`)
}

/** One byte more than allowed, at most. */
async function readBounded(path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const chunks: Buffer[] = []
    for (let left = SECRET_BYTES_MAX + 1; left > 0; ) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(left, CHUNK_BYTES)))
      if (bytesRead === 0) break
      chunks.push(buffer.subarray(0, bytesRead))
      left -= bytesRead
    }
    return Buffer.concat(chunks)
  } finally {
    await file.close()
  }
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
