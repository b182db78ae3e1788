/**
 * One znode that is read, created and written by version. Neighbours: write-scope, shared-count, atomic-counter.
 */
import { isZnodeError, ZK_ERRORS } from '../../model/errors.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { throughOutages } from './until-gone.ts'
import type { WaitOptions } from './wait-scope.ts'
import { WriteScope } from './write-scope.ts'

/** What a znode had when it was read. */
export interface VersionedData {
  readonly data: Uint8Array | null
  readonly version: number
}

export class VersionedZnode {
  readonly client: ZooKeeper
  readonly path: string
  readonly parentMode: 'container' | 'persistent'

  constructor(client: ZooKeeper, path: string, parentMode: 'container' | 'persistent') {
    this.client = client
    this.path = path
    this.parentMode = parentMode
  }

  /** Runs calls within a wait. @throws as WriteScope.run */
  async within<T>(options: WaitOptions, work: (calls: VersionedCalls) => Promise<T>): Promise<T> {
    const writes = new WriteScope(this.client, this.path, options)
    return writes.run(() => work(new VersionedCalls(this, writes)))
  }
}

/** The calls of one wait. */
export class VersionedCalls {
  readonly #znode: VersionedZnode
  readonly writes: WriteScope

  constructor(znode: VersionedZnode, writes: WriteScope) {
    this.#znode = znode
    this.writes = writes
  }

  /** undefined: there is none. Repeated through outages. `watch`: of the znode, also where there is none. */
  read(watch?: () => void): Promise<VersionedData | undefined> {
    const { client, path } = this.#znode
    return throughOutages(client, this.writes.scope, async () => {
      for (;;) {
        try {
          const { data, stat } = await client.getData(path, watch)
          return { data, version: stat.version }
        } catch (error) {
          if (!isZnodeError(error, ZK_ERRORS.NO_NODE)) throw error
        }
        if (watch === undefined || (await client.exists(path, watch)) === undefined)
          return undefined
      }
    })
  }

  /** Creates it, persistent, with its parents. false: it is there. */
  async create(data: Uint8Array): Promise<boolean> {
    const { client, path, parentMode } = this.#znode
    for (;;) {
      try {
        await this.writes.write(() => client.create(path, data))
        return true
      } catch (error) {
        if (isZnodeError(error, ZK_ERRORS.NODE_EXISTS)) return false
        if (!isZnodeError(error, ZK_ERRORS.NO_NODE)) throw error
      }
      await this.writes.makeParent(path, parentMode)
    }
  }

  /** Its new version. undefined: it has another one than this, or is gone. −1: any. */
  async write(data: Uint8Array, version: number): Promise<number | undefined> {
    const { client, path } = this.#znode
    try {
      return (await this.writes.write(() => client.setData(path, data, version))).version
    } catch (error) {
      if (isZnodeError(error, ZK_ERRORS.BAD_VERSION)) return undefined
      if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return undefined
      throw error
    }
  }
}
