/** Loads ioredis, an optional peer dependency: only a redis store needs it. */
import { StoreError } from '../../lib/model/errors.ts'

export type Ioredis = Pick<typeof import('ioredis'), 'Redis'>

/** @throws {StoreError} STORE_UNSUPPORTED, saying what to install */
export async function loadIoredis(
  load: () => Promise<Ioredis> = () => import('ioredis'),
): Promise<Ioredis> {
  try {
    return await load()
  } catch (error) {
    throw new StoreError(
      'STORE_UNSUPPORTED',
      'the redis store needs the package ioredis, which is not installed: npm install ioredis',
      { cause: error },
    )
  }
}
