/** A tree in a real store that has followed a played ensemble to its end: all that a take-over needs. */
import { openStore } from '../../../adapters/index.ts'
import { silentLogger } from '../../../lib/base/log.ts'
import type { SourceRecord } from '../../../lib/format/source.ts'
import { followSource } from '../../../lib/migrate/mirror.ts'
import { SourceKey } from '../../../lib/migrate/source-key.ts'
import { eventually } from '../../support/eventually.ts'
import { create, ScriptedSource } from '../../unit/lib/migrate/scripted-source.ts'

const LATE_MS = 30_000
const OWNER = 0x1000_0000_0001n

/** @returns the ensemble: what it commits now is not followed any more */
export async function followedStore(url: string, prefix: string): Promise<ScriptedSource> {
  const store = await openStore(url)
  const stopping = new AbortController()
  const source = new ScriptedSource()
  source.commit(OWNER, { op: 'createSession', timeoutMs: 10_000 })
  source.commit(OWNER, create('/e', { ephemeralOwner: OWNER }))
  const key = new SourceKey({ store, prefix })
  try {
    const following = followSource({
      ...{ store, prefix, servers: ['127.0.0.1:1'], openFeed: source.openFeed, name: 'test' },
      ...{ logger: silentLogger, signal: stopping.signal },
    })
    const said = (what: string, is: (record: SourceRecord) => boolean): Promise<unknown> =>
      eventually(
        what,
        async () => {
          const record = await key.read()
          return record !== undefined && record.zxid === source.zxid && is(record)
        },
        LATE_MS,
      )
    // Before that nobody has followed it, and a take-over is refused.
    await said('a leader', ({ leader }) => leader !== '')
    source.feed.push({ kind: 'disconnected', why: 'it was stopped' })
    await said('all that was committed', ({ leader }) => leader === '')
    stopping.abort()
    await following
    return source
  } finally {
    await store.close()
  }
}
