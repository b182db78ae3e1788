/** Snapshots that ZooKeeper packed by gzip. Neighbours: restore, byte-source. */
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { WireError } from '../../model/errors.ts'
import type { ByteChunks } from './byte-source.ts'

/** @throws {WireError} it is no gzip, damaged, or cut short */
export async function* gunzipped(packed: ByteChunks): AsyncGenerator<Uint8Array> {
  const source = Readable.from(packed)
  const gunzip = createGunzip()
  source.once('error', (error) => gunzip.destroy(error))
  source.pipe(gunzip)
  try {
    for await (const chunk of gunzip) yield chunk as Buffer
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    throw code.startsWith('Z_')
      ? new WireError(`not to be unpacked: ${(error as Error).message}`)
      : error
  } finally {
    source.destroy()
  }
}
