/** Loads lmdb, an optional dependency: only a file store needs it. */
import { StoreError } from '../../lib/model/errors.ts'

export type Lmdb = typeof import('lmdb')

/** @throws {StoreError} STORE_UNSUPPORTED, saying what to install */
export async function loadLmdb(load: () => Promise<Lmdb> = () => import('lmdb')): Promise<Lmdb> {
  try {
    return await load()
  } catch (error) {
    throw new StoreError(
      'STORE_UNSUPPORTED',
      'the file store needs the package lmdb, which is not installed or has no build for this ' +
        `machine (${process.platform}-${process.arch}): npm install lmdb`,
      { cause: error },
    )
  }
}
