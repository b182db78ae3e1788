/** A store into which a real ensemble is followed, and that can be left and followed again, as by `anykeeper migrate follow`. */
import { MemoryBackend } from '../../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../../adapters/memory/memory-store.ts'
import { silentLogger } from '../../../lib/base/log.ts'
import type { SourceCounters, SourceRecord } from '../../../lib/format/source.ts'
import { followSource } from '../../../lib/migrate/mirror.ts'
import { openSourceFeed } from '../../../lib/migrate/open-source-feed.ts'
import type { HostPort, SourceFeed } from '../../../lib/migrate/source-feed.ts'
import { SourceKey } from '../../../lib/migrate/source-key.ts'
import { storedTree } from '../../../lib/migrate/stored-tree.ts'
import { type Verdict, verifySource } from '../../../lib/migrate/verify-source.ts'
import { eventually } from '../../support/eventually.ts'

const LATE_MS = 60_000
/** A member that was stopped is missed no longer. */
const BACKOFF_MS_MAX = 500

export interface FollowedSource {
  readonly servers: readonly HostPort[]
  readonly quorum: readonly HostPort[]
}

export class FollowedStore {
  readonly #source: FollowedSource
  readonly #store = openMemoryStore({ backend: new MemoryBackend() })
  readonly #key = new SourceKey({ store: this.#store })
  #leaving = new AbortController()
  #following: Promise<unknown> | undefined
  #feed: SourceFeed | undefined

  constructor(source: FollowedSource) {
    this.#source = source
  }

  /** Received by the newest feed. */
  get bytes(): number {
    return this.#feed?.counters.bytes ?? 0
  }

  follow(): void {
    const { servers } = this.#source
    this.#leaving = new AbortController()
    this.#following = followSource({
      ...{ store: this.#store, name: 'test', logger: silentLogger, signal: this.#leaving.signal },
      servers: servers.map(({ host, port }) => `${host}:${port}`),
      openFeed: (from, known) => {
        this.#feed = openSourceFeed({
          ...{ ...this.#source, from, known, logger: silentLogger },
          backoffMsMax: BACKOFF_MS_MAX,
        })
        return this.#feed
      },
    }).catch((error: Error) => error)
  }

  /** Ends with what followSource did. */
  async leave(): Promise<unknown> {
    this.#leaving.abort()
    return this.#following
  }

  async close(): Promise<void> {
    await this.leave()
    await this.#store.close()
  }

  /** Once the record is so. Rejects where nothing is followed any more. */
  async until(what: string, is: (record: SourceRecord) => boolean): Promise<SourceRecord> {
    return eventually(
      what,
      async () => {
        const record = await this.#key.read()
        if (record !== undefined && is(record)) return record
        throw new Error(JSON.stringify(record))
      },
      LATE_MS,
    )
  }

  async counters(): Promise<SourceCounters> {
    return (await this.#key.read())?.counters ?? {}
  }

  /** Of the store and a new snapshot of the ensemble. */
  verdict(): Promise<Verdict> {
    return verifySource({
      ...{ ...this.#source, logger: silentLogger, finish: { withTtl: false }, timeoutMs: LATE_MS },
      ours: (atLeast) => storedTree(atLeast, { store: this.#store, timeoutMs: LATE_MS }),
    })
  }
}
