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
