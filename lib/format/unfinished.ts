/**
 * What everybody is told who finds half a tree: a keeper that would serve it, an export. Neighbours:
 * tree/load, session/proxy-registry, import.ts.
 */
import { StoreError } from '../model/errors.ts'

/** Waiting does not help, a person must. */
export function unfinishedImport(prefix: string): StoreError {
  return new StoreError(
    'STORE_UNAVAILABLE',
    `an import into ${prefix} was begun and is not finished: finish it by anykeeper import with ` +
      'the same file, or remove what it wrote by anykeeper import --abandon',
    { retriable: false },
  )
}
