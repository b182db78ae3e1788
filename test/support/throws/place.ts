/** Where the promises of the package's doors are tried: a folder, stores in memory that fail on demand, and what is closed behind it. */
import { StoreError } from '../../../lib/index.ts'
import { type SourceTree, sourceTree, target } from '../../unit/lib/copy/bench.ts'
import { removeFolder, temporaryFolder } from '../temp-folder.ts'

/** What the layer below fails with, where it is to come through as it is. */
export const BELOW = new StoreError('STORE_TIMEOUT', 'of the store itself')

export class Place {
  readonly folder = temporaryFolder('throws')
  readonly #ends: (() => unknown)[] = []

  /** Ends it behind the call. */
  closing<T extends { close(): unknown }>(opened: T): T {
    this.#ends.push(() => opened.close())
    return opened
  }

  async end(): Promise<void> {
    for (const end of this.#ends.reverse()) await end()
    removeFolder(this.folder)
  }
}

export type DoorCall = (place: Place) => unknown
/** By error: a call, or one of each thing that the docstring names. */
export type DoorRow = Readonly<Record<string, DoorCall | readonly DoorCall[]>>

let made: Promise<SourceTree> | undefined
/** Some of everything; nobody writes to it. */
export function someTree(): Promise<SourceTree> {
  made ??= sourceTree()
  return made
}

/** A store whose every call is rejected with {@link BELOW}. */
export function failing(): ReturnType<typeof target> {
  const fail = (): Promise<never> => Promise.reject(BELOW)
  return Object.assign(target(), { range: fail, txn: fail })
}
