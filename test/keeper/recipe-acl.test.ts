/**
 * Somebody takes DELETE at the parent away while a recipe has its znode there: the release says so, the znode is looked after with
 * few requests, and it goes as soon as that is permitted again, so that nobody waits for it until the session ends.
 */
import { expect } from 'chai'
import {
  DoubleBarrier,
  type Held,
  LeaderSelector,
  LockingQueue,
  Mutex,
  OPEN_ACL,
  PERMS,
  ReadWriteLock,
  Semaphore,
  type ZooKeeper,
} from '../../lib/index.ts'
import { livenessBench, type Member } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { connect, outcomeOf, PATH } from '../support/recipe-bench.ts'

const MINUTE_MS = 60_000
const STEP_MS = 1_000
const WITHOUT_DELETE = [{ perms: PERMS.ALL & ~PERMS.DELETE, id: { scheme: 'world', id: 'anyone' } }]

/** By recipe: the parent, and what is to be released there. */
const HOLDERS: Readonly<
  Record<string, readonly [parent: string, acquire: (client: ZooKeeper) => Promise<Held>]>
> = {
  Mutex: [PATH, (client) => new Mutex(client, PATH).acquire()],
  'ReadWriteLock, reading': [PATH, (client) => new ReadWriteLock(client, PATH).read.acquire()],
  Semaphore: [
    `${PATH}/leases`,
    (client) => new Semaphore(client, PATH, { maxLeases: 1 }).acquire(),
  ],
  DoubleBarrier: [PATH, (client) => new DoubleBarrier(client, PATH, { memberCount: 1 }).enter()],
  LockingQueue: [
    `${PATH}/taken`,
    async (client) => {
      const queue = new LockingQueue(client, PATH)
      await queue.put(null)
      return queue.take()
    },
  ],
}

describe('recipes whose znode may not be deleted', () => {
  const bench = livenessBench()
  let member: Member
  let a: ZooKeeper
  let b: ZooKeeper

  beforeEach(async () => {
    member = await bench.start()
    a = await connect(member)
    b = await connect(member)
  })

  const passTime = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= STEP_MS) await bench.clock.advance(STEP_MS)
  }
  /** A double barrier's `ready` stays while somebody is inside. */
  const ephemerals = (): string[] => {
    const paths = [...member.keeper.replica.tree.ephemeralsOf(a.sessionId)]
    return paths.filter((path) => path !== `${PATH}/ready`)
  }
  /** Deletes that are refused from here on. */
  const countDeletes = (): { now: number } => {
    const count = { now: 0 }
    const send = a.delete.bind(a)
    a.delete = (...args) => {
      count.now += 1
      return send(...args)
    }
    return count
  }

  for (const [name, [parent, acquire]] of Object.entries(HOLDERS)) {
    it(`${name}: what could not be deleted is deleted once it may be`, async () => {
      const held = await acquire(a)
      await settle()
      await b.setAcl(parent, WITHOUT_DELETE)
      const deletes = countDeletes()
      const released = outcomeOf(held.release())
      await settle()
      expect([released.now, held.isHeld]).to.deep.equal(['ZK_NO_AUTH', false])
      await passTime(MINUTE_MS)
      expect(ephemerals()).to.not.deep.equal([])
      expect(deletes.now).to.be.within(2, 10)
      await b.setAcl(parent, OPEN_ACL)
      const next = outcomeOf(acquire(b))
      await passTime(MINUTE_MS)
      expect([next.now, ephemerals()]).to.deep.equal(['done', []])
    })
  }

  it('LeaderSelector: leads again once what is left of its leadership may be deleted', async () => {
    const said: unknown[] = []
    let count = 0
    const ends: (() => void)[] = []
    const selector = new LeaderSelector(a, PATH, {
      autoRequeue: true,
      onError: (error) => said.push((error as { code?: string }).code),
      takeLeadership: () => {
        count += 1
        return new Promise<void>((resolve) => ends.push(resolve))
      },
    })
    await selector.start()
    await b.setAcl(PATH, WITHOUT_DELETE)
    ends[0]?.()
    await passTime(MINUTE_MS)
    expect([count, said]).to.deep.equal([1, ['ZK_NO_AUTH']])
    await b.setAcl(PATH, OPEN_ACL)
    await passTime(MINUTE_MS)
    expect(count).to.equal(2)
    ends[1]?.()
    await selector.close()
    expect(ephemerals()).to.deep.equal([])
  })

  it('a client that is closed does not look after it any more', async () => {
    const held = await new Mutex(a, PATH).acquire()
    await b.setAcl(PATH, WITHOUT_DELETE)
    await held.release().catch(() => {})
    const deletes = countDeletes()
    await a.close()
    await passTime(MINUTE_MS)
    expect(deletes.now).to.equal(0)
  })
})
