/**
 * The error for half a tree, wherever one is found: at load, by an export, when a proxy registers.
 * Neighbours: tree/load, session/proxy-registry, import.ts.
 */
import { StoreError } from '../model/errors.ts'

/** Not retriable: waiting does not help, somebody must finish or abandon the import. */
export function unfinishedImport(prefix: string): StoreError {
  return new StoreError(
    'STORE_UNAVAILABLE',
    `an import into ${prefix} was begun and is not finished: finish it by anykeeper import with ` +
      'the same file, or remove what it wrote by anykeeper import --abandon',
    { retriable: false },
  )
}

/** Retriable: the follower is at work, or another one will be started. */
export function unfinishedMirror(prefix: string): StoreError {
  return new StoreError(
    'STORE_UNAVAILABLE',
    `the tree of a ZooKeeper ensemble is being copied into ${prefix}, and is not there yet: see anykeeper migrate status`,
    { retriable: true },
  )
}
