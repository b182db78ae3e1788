/**
 * Clients write through two proxies and through ZooKeeper while its leaders are killed; a session moves both ways; then the tree
 * is taken over under load. Nothing that was acknowledged may be missing, nothing may be there twice, and at the take-over no
 * client may notice anything. Used by serve-while-following.test.ts and, for long, by main.ts.
 */
import { connect, type ZooKeeper } from '../../../lib/index.ts'
import { takeOver } from '../../../lib/migrate/take-over.ts'
import { eventually, within } from '../../support/eventually.ts'
import { RawClient } from '../../support/raw-client.ts'
import type { ZookeeperLine } from '../../support/requirements.ts'
import { startZookeeperEnsemble, type ZookeeperEnsemble } from '../../support/zookeeper-server.ts'
import { judge, more as moreOf } from './judge.ts'
import { quiet, ServeBed, type ServingProxy } from './serve-bed.ts'
import { Writer } from './writer.ts'

export interface ServeRunOptions {
  readonly line: ZookeeperLine
  /** Of etcd; undefined: in memory. */
  readonly url?: string
  readonly kills: number
  readonly onStep?: (line: string) => void
  /** Before the take-over, and behind it: for a client of another process. */
  readonly onServing?: (connectString: string) => Promise<void>
  readonly onTaken?: () => Promise<void>
}

export interface ServeReport {
  readonly acked: number
  readonly unknown: number
  /** Acknowledged, and not there. */
  readonly missing: readonly string[]
  readonly twice: readonly string[]
  /** Of the clients, from the last kill to the end. */
  readonly statesAtTakeOver: readonly string[]
  readonly gapMs: number
  readonly takeOverMs: number
  readonly problems: readonly string[]
  readonly lost: number
}

const STEP_MS = 120_000
const EPHEMERAL = 1

export async function serveRun(options: ServeRunOptions): Promise<ServeReport> {
  const { line, kills, url, onStep = () => {} } = options
  const ensemble = await startZookeeperEnsemble({
    ...{ version: line, heapMb: 96, tickTimeMs: 500, config: { maxSessionTimeout: 40_000 } },
  })
  const bed = await ServeBed.open(ensemble, url)
  const problems: string[] = []
  const writers: Writer[] = []
  let zk: ZooKeeper | undefined
  try {
    const all = ensemble.members.map(({ connectString }) => connectString).join(',')
    zk = await connect(`zk://${all}`, { timeoutMs: 8_000 })
    await zk.create('/w')
    await zk.create('/watched', Buffer.from('0'))
    for (const name of ['a1', 'a2', 'b1', 'z1']) await zk.create(`/w/${name}`)
    await bed.follow()
    const [a, b] = [await bed.serve(), await bed.serve()]
    writers.push(await Writer.start('a1', a.port), await Writer.start('a2', a.port))
    writers.push(await Writer.start('b1', b.port))
    const atZookeeper = await Writer.start('z1', ensemble.members[0]!.port)
    onStep('clients write through both')
    await more([...writers, atZookeeper], 50)
    for (let kill = 1; kill <= kills; kill++) {
      await killLeader(ensemble)
      await more(writers, 50)
      onStep(
        `kill ${kill}: ${sum(writers, ({ acked }) => acked.size)} acknowledged, ${sum(writers, ({ unknown }) => unknown.length)} unknown`,
      )
    }
    await moveBothWays(ensemble, a, b)
    onStep('a session moved both ways')
    await options.onServing?.(`127.0.0.1:${a.port}`)
    await atZookeeper.stop()
    await atZookeeper.client.close()
    await setWatched(zk, writers, '1')
    await zk.close()
    const states = writers.map((writer) => writer.states.length)
    await more(writers, 20)
    for (const writer of writers) writer.resetGap()
    const sinceMs = performance.now()
    await takeOver({ store: await bed.store(), logger: quiet })
    const takeOverMs = performance.now() - sinceMs
    await more(writers, 50)
    const gapMs = Math.max(...writers.map((writer) => writer.gapMs))
    await ensemble.stop()
    await more(writers, 50)
    await options.onTaken?.()
    onStep(`taken over in ${Math.round(takeOverMs)} ms, worst gap ${Math.round(gapMs)} ms`)
    await setWatched(writers[0]!.client, writers, '2')
    for (const writer of writers) await writer.stop()
    const seen = await judge([...writers, atZookeeper], `127.0.0.1:${b.port}`)
    for (const writer of writers) {
      const stat = await writer.client.exists(`/mine-${writer.name}`)
      if (stat === null) problems.push(`the ephemeral of ${writer.name} is gone`)
      await writer.client.close()
    }
    return {
      ...{ ...seen, gapMs, takeOverMs, problems },
      statesAtTakeOver: writers
        .flatMap((writer, at) => writer.states.slice(states[at]))
        .filter((state) => state !== 'closed'),
      lost: [a, b].reduce((lost, { keeper }) => lost + (keeper.upstream?.counters.lost ?? 0), 0),
    }
  } finally {
    await Promise.all(writers.map((writer) => writer.client.close().catch(() => {})))
    await zk?.close().catch(() => {})
    await bed.close()
  }
}

const sum = (writers: readonly Writer[], of: (writer: Writer) => number): number =>
  writers.reduce((total, writer) => total + of(writer), 0)

const more = (writers: readonly Writer[], count: number) => moreOf(writers, count, STEP_MS)

async function killLeader(ensemble: ZookeeperEnsemble): Promise<void> {
  const leader = await ensemble.leader()
  await leader.kill()
  await eventually(
    'another leader',
    async () => {
      const others = ensemble.members.filter((member) => member !== leader)
      const modes = await Promise.all(
        others.map((member) => member.mode().catch((error: unknown) => String(error))),
      )
      if (modes.includes('leader')) return true
      const ends = others.map(({ child }) =>
        child.output.trimEnd().split('\n').slice(-5).join('\n'),
      )
      throw new Error(`modes ${modes.join(', ')}; their last lines:\n${ends.join('\n--\n')}`)
    },
    STEP_MS,
  )
  await leader.start()
}

/** Its ephemeral stays where it is. */
async function moveBothWays(
  ensemble: ZookeeperEnsemble,
  a: ServingProxy,
  b: ServingProxy,
): Promise<void> {
  let client = await RawClient.connect({ port: a.port, timeoutMs: 8_000 })
  const { sessionId, password } = client
  expectDone(await client.create('/moves', { flags: EPHEMERAL }))
  const ports = [ensemble.members[1]!.port, b.port, ensemble.members[2]!.port, a.port]
  for (const port of ports) {
    client.destroy()
    client = await within(
      'a session that moves',
      STEP_MS,
      RawClient.connect({ port, sessionId, password, timeoutMs: 8_000, lastZxidSeen: 0 }),
    )
    if (client.sessionId !== sessionId) throw new Error(`the session did not move to ${port}`)
    expectDone(await client.setData('/moves', String(port)))
  }
  await client.close()
}

function expectDone({ err }: { readonly err: number }): void {
  if (err !== 0) throw new Error(`a write failed: ${err}`)
}

async function setWatched(
  client: ZooKeeper,
  writers: readonly Writer[],
  value: string,
): Promise<void> {
  await client.setData('/watched', Buffer.from(value))
  await eventually(
    `the watch of ${value}`,
    () => writers.every(({ seen }) => seen.at(-1) === value),
    STEP_MS,
  )
}
