/**
 * Sessions whose clients fall silent while a real ensemble leads, and around the freeze of a take-over: each gets its timeout, none
 * lives for ever, and its ephemerals are deleted at one place in the order. Those whose clients are there live on, also where the
 * proxy does not read what they send, or at another proxy.
 */
import { expect } from 'chai'
import { Keeper } from '../../lib/index.ts'
import { SourceKey } from '../../lib/migrate/source-key.ts'
import { takeOver } from '../../lib/migrate/take-over.ts'
import { eventually } from '../support/eventually.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { startZookeeperLeader, ZookeeperEnsemble } from '../support/zookeeper-server.ts'
import { quiet, ServeBed, type ServingProxy } from './serving/serve-bed.ts'

const LATE_MS = 60_000
const TICK_MS = 500
const SESSION_MS = 3_000
const EPHEMERAL = 1
const PERSISTENT_RECURSIVE = 1
const DELETED = 2
/** More than a proxy takes of one client. */
const REQUESTS = 1_200

/** With two ephemerals, `/NAME-0` and `/NAME-1`. */
interface Member {
  readonly name: string
  readonly client: RawClient
  /** Before it sent something last. */
  sentMs: number
}

describe('migrate: clients that fall silent while ZooKeeper leads', function () {
  this.timeout(180_000)
  let bed: ServeBed
  let a: ServingProxy
  let b: ServingProxy
  const clients: RawClient[] = []
  let pings: NodeJS.Timeout | undefined
  /** Whose clients send pings. */
  const lively = new Set<RawClient>()
  const seenAt: ((name: string) => number[])[] = []
  const watchers: RawClient[] = []

  before(async function () {
    requireOrSkip(this, 'zookeeper-3.9')
    const { server } = await startZookeeperLeader({
      ...{ version: '3.9', heapMb: 96, tickTimeMs: TICK_MS },
    })
    bed = await ServeBed.open(new ZookeeperEnsemble([server]))
    await bed.follow()
    const limits = {
      ...{ tickTimeMs: TICK_MS, sessionTimeoutMsMin: 1_000, sessionTimeoutMsMax: 20_000 },
      holdMsMax: LATE_MS,
    }
    a = await bed.serve(limits)
    b = await bed.serve(limits)
    pings = setInterval(() => {
      for (const client of lively) if (!client.closed) void client.ping().catch(() => {})
    }, SESSION_MS / 6)
  })
  after(async () => {
    clearInterval(pings)
    for (const client of clients) client.destroy()
    await bed?.close()
  })

  async function open({ port }: { port: number }, timeoutMs = SESSION_MS): Promise<RawClient> {
    const client = await RawClient.connect({ port, timeoutMs })
    expect(client.timeoutMs).to.equal(timeoutMs)
    clients.push(client)
    return client
  }

  async function member(name: string, at: { port: number }): Promise<Member> {
    const client = await open(at)
    const sentMs = performance.now()
    for (const number of [0, 1]) {
      const { err } = await client.create(`/${name}-${number}`, { flags: EPHEMERAL })
      expect(err, name).to.equal(0)
    }
    return { name, client, sentMs }
  }

  /** The zxids of what was deleted of a member, as one proxy shows it. */
  async function watcher(at: { port: number }): Promise<(name: string) => number[]> {
    const client = await open(at, 20_000)
    lively.add(client)
    watchers.push(client)
    expect((await client.addWatch('/', PERSISTENT_RECURSIVE)).err).to.equal(0)
    return (name) =>
      client.events
        .filter(({ type, path }) => type === DELETED && path.startsWith(`/${name}-`))
        .map(({ zxid }) => zxid)
  }

  /** From now on nothing comes from it. */
  function silence(member: Member): void {
    lively.delete(member.client)
    member.sentMs = performance.now()
  }

  /** Not before its timeout is over, of one transaction, and in the same place for all. */
  async function gone({ name, client, sentMs }: Member): Promise<void> {
    await eventually(
      `the end of ${name}`,
      () => {
        const isSeen = seenAt.every((seen) => seen(name).length === 2)
        // Why nothing is seen any more: a proxy that has no leader disconnects all.
        const troubles = [a, b].map(({ keeper }) => keeper.upstream?.trouble ?? 'none')
        if (!isSeen)
          throw new Error(
            `at ${seenAt.map((seen) => seen(name).length)}, troubles: ${troubles}, watchers left: ${watchers.filter(({ closed }) => !closed).length}`,
          )
        return true
      },
      LATE_MS,
    )
    expect(performance.now() - sentMs, name).to.be.at.least(SESSION_MS)
    await client.waitFor(() => client.closed, LATE_MS)
    const [one, other] = seenAt.map((seen) => seen(name))
    expect(one, name).to.deep.equal(other)
    expect(new Set(one).size, `zxids of ${name}`).to.equal(1)
  }

  async function expectAlive({ name, client }: Member): Promise<void> {
    expect(client.closed, name).to.equal(false)
    const { err, record } = await client.exists(`/${name}-0`)
    expect(err, name).to.equal(0)
    expect(record.stat?.ephemeralOwner, name).to.equal(client.sessionId)
  }

  it('each gets its timeout, while following and around the freeze, and none more than that', async () => {
    seenAt.push(await watcher(a), await watcher(b))
    const alive = await member('alive', a)
    lively.add(alive.client)
    const moved = await member('moved', a)
    const { sessionId, password } = moved.client
    const next = { port: b.port, timeoutMs: SESSION_MS, sessionId, password }
    const elsewhere = { ...moved, client: await RawClient.connect(next) }
    clients.push(elsewhere.client)
    lively.add(elsewhere.client)
    await gone(await member('early', a))
    // Nobody is there any more; the session is at the other proxy.
    await moved.client.waitFor(() => moved.client.closed, LATE_MS)

    const [before, during, after] = await Promise.all([
      member('before', b),
      member('during', b),
      member('after', a),
    ])
    const away = await member('away', b)
    const eager = await member('eager', b)
    for (const { client } of [during, after, away, eager]) lively.add(client)
    const store = await bed.store()
    const key = new SourceKey({ store })
    // It lives, so the freeze lasts longer than a session.
    const holder = await Keeper.open({ store, logger: quiet })
    await key.update((record) => record && { ...record, freeze: holder.proxy })
    const isFrozen = (): boolean =>
      [a, b].every(({ keeper }) => keeper.upstream?.isHolding === true)
    await eventually('the freeze', isFrozen, LATE_MS)
    // So many that the proxy reads nothing more: it has its pings no longer.
    const held = Array.from({ length: REQUESTS }, () => eager.client.setData('/eager-0', 'x'))
    silence(during)
    void during.client.setData('/during-0', 'x').catch(() => {})
    await gone(before)
    await gone(during)

    expect(isFrozen(), 'still frozen').to.equal(true)

    silence(away)
    away.client.destroy()
    silence(after)
    await takeOver({ store: await bed.store(), logger: quiet })
    await holder.close(0)
    const answers = await Promise.all(held)
    expect(answers.filter(({ err }) => err !== 0)).to.deep.equal([])
    await gone(after)
    await gone(away)
    await expectAlive(alive)
    await expectAlive(eager)
    await expectAlive(elsewhere)
  })
})
