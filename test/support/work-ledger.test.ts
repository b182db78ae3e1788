/** What a ledger lets pass, and what it does not, where outcomes are unknown. */
import { expect } from 'chai'
import { ZK_ERRORS, ZnodeError, type ZooKeeper } from '../../lib/index.ts'
import { type Applied, Calls, Count, Elements } from './work-ledger.ts'

const one = {} as ZooKeeper
const other = {} as ZooKeeper

const lost = async (): Promise<never> => {
  throw new ZnodeError(ZK_ERRORS.CONNECTION_LOSS.errno, '/a', { outcome: 'unknown' })
}

/** A call of `one` with an outcome that a test made unknown, and one of `other` that it did not. */
async function twoLost(
  calls: Calls,
  applied: Applied,
  call: (client: ZooKeeper) => Promise<void>,
): Promise<void> {
  for (const client of [one, other]) {
    const ended = call(client).catch(() => {})
    calls.mark(one, applied)
    await ended
  }
}

const fails = (check: () => void): void => {
  expect(check).to.throw(/missing|element|sure|within/)
}

describe('a ledger', () => {
  let calls: Calls
  let count: Count
  let elements: Elements
  beforeEach(() => {
    calls = new Calls()
    count = new Count(calls)
    elements = new Elements(calls)
  })

  const add = (client: ZooKeeper): Promise<void> => count.add(client, lost)
  const put = (client: ZooKeeper): Promise<void> => elements.put(client, lost)
  const take = (client: ZooKeeper): Promise<void> => elements.take(client, lost)
  const putAll = async (): Promise<void> => {
    for (let i = 0; i < 2; i++) await elements.put(one, async () => {})
  }
  const taken = (text: string): Promise<void> =>
    elements.take(one, async () => ({ data: Buffer.from(text) }))

  it('counts what the test made unknown as it is, and what the machine did as either', async () => {
    await twoLost(calls, 'not', add)
    count.expect(0)
    count.expect(1)
    fails(() => count.expect(2))
  })

  it('wants the put that the test knows to be applied, and not that of the machine', async () => {
    await twoLost(calls, 'applied', put)
    fails(() => elements.expect())
    await taken('element 1')
    elements.expect()
    await taken('element 2')
    elements.expect()
  })

  it('does not take the put that was never sent', async () => {
    await twoLost(calls, 'not', put)
    await taken('element 2')
    elements.expect()
    await taken('element 1')
    fails(() => elements.expect())
  })

  it('lets one element be missing for the take of the machine, and none for the one never sent', async () => {
    await putAll()
    await twoLost(calls, 'not', take)
    fails(() => elements.expect())
    await taken('element 1')
    elements.expect()
  })

  it('knows nothing of a call that writes once more', async () => {
    const ended = add(one).catch(() => {})
    calls.mark(one, 'not')
    calls.mark(one, 'either')
    await ended
    count.expect(1)
  })
})
