/**
 * A client that is closed while a recipe of it holds or writes something: the server ends the session before its answer arrives, and
 * others may hold then what it held.
 */
import { expect } from 'chai'
import { WriteScope } from '../../lib/client/recipes/write-scope.ts'
import {
  type Held,
  LeaderLatch,
  LeaderSelector,
  LockingQueue,
  Mutex,
  ReadWriteLock,
  Semaphore,
  ZnodeError,
  type ZooKeeper,
} from '../../lib/index.ts'
import { settle } from '../support/manual-clock.ts'
import { cutBehindNextTxn, Holders, outcomeOf } from '../support/recipe-bench.ts'
import { twoClients } from '../support/two-clients.ts'

const PATH = '/line'

/** What one client has, and what the other one waits for. */
const HELD: Readonly<Record<string, (client: ZooKeeper) => Promise<Held>>> = {
  Mutex: (client) => new Mutex(client, PATH).acquire(),
  'ReadWriteLock, writing': (client) => new ReadWriteLock(client, PATH).write.acquire(),
  Semaphore: (client) => new Semaphore(client, PATH, { maxLeases: 1 }).acquire(),
  LeaderLatch: (client) => new LeaderLatch(client, PATH).waitForLeadership(),
  LeaderSelector: (client) =>
    new Promise((resolve) => {
      const takeLeadership = async (held: Held): Promise<void> => {
        resolve(held)
        await new Promise((end) => held.signal.addEventListener('abort', end))
      }
      void new LeaderSelector(client, PATH, { takeLeadership }).start()
    }),
  LockingQueue: async (client) => {
    const queue = new LockingQueue(client, PATH)
    if ((await queue.size()) === 0) await queue.put(null)
    return queue.take()
  },
}

describe('a client that is closed', () => {
  const clients = twoClients()

  for (const [name, hold] of Object.entries(HELD)) {
    it(`${name}: is not held from the call on, before another client can hold it`, async () => {
      const { a, b, one, bench } = clients
      const holders = new Holders()
      const mine = holders.add(await hold(a))
      const theirs = hold(b).then((held) => holders.add(held))
      const waiting = outcomeOf(theirs)
      await settle()
      expect(waiting.now).to.equal('pending')

      cutBehindNextTxn(one, bench.backend)
      void a.close()
      expect([mine.isHeld, mine.signal.aborted]).to.deep.equal([false, true])
      expect(mine.signal.reason).to.have.property('code', 'ZK_SESSION_EXPIRED')
      await settle()
      // The end of the session was committed, and its answer is not here.
      expect(a.state).to.equal('connected')
      expect((await theirs).isHeld).to.equal(true)
    })
  }

  it('a write that succeeded is not reported as unapplied when the session ends before its caller has the result', async () => {
    const { a, b } = clients
    const writes = new WriteScope(a, PATH, {})
    let error: unknown
    try {
      await writes.run(async () => {
        await writes.write(() => a.create(PATH))
        await a.close()
        await new Promise(() => {})
      })
    } catch (caught) {
      error = caught
    }
    expect(error).to.be.instanceOf(ZnodeError)
    expect(error).to.include({ code: 'ZK_SESSION_EXPIRED', outcome: 'unknown' })
    await b.sync()
    expect(await b.exists(PATH)).not.to.equal(undefined)
  })
})
