/**
 * Random requests made by hand go to a real ZooKeeper while it is followed into a store: every digest must be the leader’s, and the
 * tree in the store that of a new snapshot. Used by ../main.ts.
 */

import { MemoryBackend } from '../../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../../adapters/memory/memory-store.ts'
import { silentLogger } from '../../../lib/base/log.ts'
import { migrationStatus } from '../../../lib/migrate/migration-status.ts'
import { followSource } from '../../../lib/migrate/mirror.ts'
import { openSourceFeed } from '../../../lib/migrate/open-source-feed.ts'
import { storedTree } from '../../../lib/migrate/stored-tree.ts'
import { type Verdict, verifySource } from '../../../lib/migrate/verify-source.ts'
import { eventually } from '../../support/eventually.ts'
import { mulberry32 } from '../../support/mulberry32.ts'
import { RawClient } from '../../support/raw-client.ts'
import type { ZookeeperLine } from '../../support/requirements.ts'
import { startZookeeperLeader } from '../../support/zookeeper-server.ts'
import { FollowedTree } from '../followed-tree.ts'
import { edgeSnapshot } from './edge-tree.ts'
import { HandMadeClient } from './hand-made-client.ts'
import { edgeRequest, wildRequest } from './wild-requests.ts'

export interface WildOptions {
  readonly line: ZookeeperLine
  readonly seed: number
  /** Rounds; each ends with the trees compared. */
  readonly rounds: number
  /** Of a round. */
  readonly requests: number
  /** Of the session that ends with them all. */
  readonly ephemerals: number
  readonly onRound?: (text: string) => void
}

export interface WildReport {
  readonly verdicts: readonly Verdict[]
  readonly transactions: number
  readonly digestsEqual: number
  /** Wrong by an error of the leader. */
  readonly digestsExplained: number
  readonly problems: readonly string[]
}

const LATE_MS = 60_000
const WINDOW = 24
const SESSIONS = 4
const PREFIX = '/wild'

export async function wildRun(options: WildOptions): Promise<WildReport> {
  const { line, seed, rounds, onRound } = options
  const { server, quorumPort } = await startZookeeperLeader({
    ...{ version: line, tickTimeMs: 100, snapshot: edgeSnapshot() },
    properties: { 'znode.container.checkIntervalMs': '200' },
  })
  const ends: (() => Promise<unknown>)[] = [() => server.stop()]
  try {
    const source = {
      servers: [{ host: server.host, port: server.port }],
      quorum: [{ host: server.host, port: quorumPort }],
      logger: silentLogger,
    }
    const followed = new FollowedTree({ ...source, from: 0 })
    ends.push(() => followed.end().catch(() => {}))
    const store = openMemoryStore({ backend: new MemoryBackend() })
    const leaving = new AbortController()
    const following = followSource({
      ...{ store, prefix: PREFIX, servers: [server.connectString], name: 'wild' },
      ...{ logger: silentLogger, signal: leaving.signal, withTtl: true },
      openFeed: (from) => openSourceFeed({ ...source, from, sid: 250 }),
    }).catch((error: Error) => error)
    ends.push(async () => {
      leaving.abort()
      await following
      await store.close()
    })
    await followed.until(() => followed.tree !== undefined)
    await eventually(
      'the copy',
      async () => ((await migrationStatus({ store, prefix: PREFIX })).record?.zxid ?? 0) > 0,
      LATE_MS,
    )
    const verdicts: Verdict[] = []
    for (let round = 0; round < rounds; round++) {
      await wildRound(server.port, options, mulberry32(seed + round))
      const verdict = await Promise.race([
        verifySource({
          ...{ ...source, timeoutMs: LATE_MS, finish: { withTtl: true } },
          ours: (atLeast) => storedTree(atLeast, { store, prefix: PREFIX, timeoutMs: LATE_MS }),
        }),
        following.then((end) => {
          const [first = ''] = followed.problems
          throw new Error(`the follower has ended: ${String(end)} ${first}`)
        }),
      ])
      verdicts.push(verdict)
      onRound?.(
        `round ${round}: ${followed.transactions} transactions, ${followed.digestsExplained} digests explained, ` +
          `${verdict.isEqual ? 'equal' : verdict.difference.first.join('; ')}`,
      )
    }
    const { transactions, digestsEqual, digestsExplained, problems } = followed
    return { verdicts, transactions, digestsEqual, digestsExplained, problems: [...problems] }
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

/** Sessions that send windows of requests, one that has many ephemerals, and some that begin and end. */
async function wildRound(
  port: number,
  { requests, ephemerals }: WildOptions,
  random: () => number,
): Promise<void> {
  const many = await RawClient.connect({ port, timeoutMs: 20_000 })
  await Promise.all(
    Array.from({ length: ephemerals }, (_, i) => many.create(`/w/e${i}`, { flags: 1 })),
  )
  for (let left = requests; left > 0; left -= SESSIONS * WINDOW) {
    await Promise.all(Array.from({ length: SESSIONS }, () => session(port, random)))
  }
  await many.close()
}

async function session(port: number, random: () => number): Promise<void> {
  const client = await HandMadeClient.connect(port, random() < 0.2 ? 200 : 5_000)
  if (client === undefined) return
  for (let left = WINDOW; left > 0; left--) {
    client.send((random() < 0.15 ? edgeRequest : wildRequest)(random))
  }
  // A malformed one ends the connection, and the rest with it.
  await client.answered()
  if (random() < 0.5) await client.endSession()
  client.destroy()
}
