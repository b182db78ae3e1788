/** Queue and PriorityQueue in bad weather: each fault × producers and consumers. Time is a ManualClock's. */
import { expect } from 'chai'
import {
  PriorityQueue,
  Queue,
  type QueueElement,
  type QueueLayout,
  ZK_ERRORS,
  ZnodeError,
  type ZooKeeper,
} from '../../lib/index.ts'
import { type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { cutBehindNextTxn, outcomeOf } from '../support/recipe-bench.ts'
import { aheadOf, failureOf, twoClients } from '../support/two-clients.ts'

const PATH = '/queues/mine'

const bytes = (value: unknown): Buffer => Buffer.from(String(value))
const textOf = ({ data }: QueueElement): string => Buffer.from(data ?? []).toString()

describe('Queue', () => {
  const clients = twoClients()
  const { bench, pass } = clients
  let a: ZooKeeper
  let b: ZooKeeper
  let one: Member
  beforeEach(() => {
    ;({ a, b, one } = clients)
  })

  const names = async (): Promise<readonly string[]> => {
    await b.sync()
    return (await b.getChildren(PATH)).children
  }

  for (const [layout, name] of [
    ['curator', /^qn-\d{10}$/],
    ['kazoo', /^entry-100-\d{10}$/],
  ] as [QueueLayout, RegExp][]) {
    it(`${layout}: first in, first out, and leaves other znodes alone`, async () => {
      const queue = new Queue(a, PATH, { layout })
      for (const value of [1, 2, 3]) await queue.put(bytes(value))
      await queue.put(null)
      expect((await names()).every((one) => name.test(one))).to.equal(true)
      expect(await queue.size()).to.equal(4)
      await a.create(`${PATH}/a-stranger`, null)
      const other = new Queue(b, PATH, { layout })
      const taken = [await queue.take(), await other.take(), await queue.take()]
      expect(taken.map(textOf)).to.deep.equal(['1', '2', '3'])
      expect((await other.take()).data).to.equal(null)
      expect(await names()).to.deep.equal(['a-stranger'])
    })
  }

  it('PriorityQueue: the smallest priority first', async () => {
    const queue = new PriorityQueue(a, PATH)
    await queue.put(bytes('normal'))
    await queue.put(bytes('last'), { priority: 999 })
    await queue.put(bytes('first'), { priority: 0 })
    await queue.put(bytes('second'), { priority: 20 })
    await new Queue(a, PATH, { layout: 'kazoo' }).put(bytes('normal too'))
    const taken: string[] = []
    for (let i = 0; i < 5; i++) taken.push(textOf(await queue.take()))
    expect(taken).to.deep.equal(['first', 'second', 'normal', 'normal too', 'last'])
    for (const priority of [-1, 1_000, 0.5]) {
      const refused = outcomeOf(queue.put(null, { priority }))
      await settle()
      expect(refused.now).to.equal('RangeError')
    }
  })

  it('an element with children is passed over until they are gone, also one that gets them meanwhile', async () => {
    const queue = new Queue(a, PATH)
    for (const value of ['poison', 'late', 'good']) await queue.put(bytes(value))
    const [poison, late] = await names()
    await b.create(`${PATH}/${poison}/child`, null)
    const slow = aheadOf(a, 'delete', async (path) => {
      if (path.endsWith(late as string)) await b.create(`${path}/child`, null)
    })
    const consumer = new Queue(slow, PATH)
    expect(textOf(await consumer.take())).to.equal('good')
    const next = consumer.take()
    const outcome = outcomeOf(next)
    await settle()
    expect(outcome.now).to.equal('pending')
    await b.delete(`${PATH}/${poison}/child`)
    expect(textOf(await next)).to.equal('poison')
  })

  it('an element that may not be read is passed over; without another one the take is refused', async () => {
    const queue = new Queue(a, PATH)
    const acl = [{ perms: 8, id: { scheme: 'world', id: 'anyone' } }]
    await queue.put(bytes('one'))
    const path = `${PATH}/${(await names())[0]}`
    await b.setAcl(path, acl)
    await queue.put(bytes('two'))
    expect(textOf(await queue.take())).to.equal('two')
    for (const _again of [1, 2]) {
      const refused = failureOf(queue.take())
      await settle()
      expect(refused.now).to.equal('ZK_NO_AUTH unapplied')
    }
    await queue.put(bytes('three'))
    expect(textOf(await queue.take())).to.equal('three')
  })

  it('consumers wait, and each element is taken by one of them', async () => {
    const takes = [a, b, a, b].flatMap((client) => {
      const queue = new Queue(client, PATH)
      return Array.from({ length: 5 }, () => queue.take())
    })
    await settle()
    const producer = new Queue(b, PATH)
    for (let i = 0; i < 20; i++) await producer.put(bytes(i))
    await pass(1_000)
    const taken = (await Promise.all(takes)).map((element) => Number(textOf(element)))
    expect(taken.sort((x, y) => x - y)).to.deep.equal(Array.from({ length: 20 }, (_, i) => i))
    expect(await producer.size()).to.equal(0)
  })

  it('an element that another consumer took meanwhile is passed over, before and behind its read', async () => {
    for (const call of ['getData', 'delete'] as const) {
      const producer = new Queue(b, PATH)
      await producer.put(bytes('theirs'))
      await producer.put(bytes('mine'))
      let isFirst = true
      const slow = aheadOf(a, call, async (path) => {
        if (isFirst) await b.delete(path)
        isFirst = false
        await settle()
      })
      expect(textOf(await new Queue(slow, PATH).take()), call).to.equal('mine')
    }
  })

  it('a queue whose container was removed is made again by those that wait', async () => {
    const queue = new Queue(a, PATH)
    const taken = queue.take()
    const outcome = outcomeOf(taken)
    await settle()
    await b.delete(PATH)
    await settle()
    expect(outcome.now).to.equal('pending')
    await new Queue(b, PATH).put(bytes(1))
    expect(textOf(await taken)).to.equal('1')
  })

  it('waits end by signal, timeout, session and close, and take nothing', async () => {
    const queue = new Queue(a, PATH)
    const abort = new AbortController()
    const takes = [
      queue.take({ signal: abort.signal }),
      queue.take({ timeoutMs: 1_000 }),
      queue.take(),
    ].map(outcomeOf)
    const theirs = outcomeOf(new Queue(b, PATH).take())
    await settle()
    abort.abort()
    await pass(1_000)
    expect(takes.map(({ now }) => now)).to.deep.equal([
      'AbortError',
      'ZK_OPERATION_TIMEOUT',
      'pending',
    ])
    await bench.freeze(one, () => pass(3 * TIMEOUT_MS))
    await pass(1_000)
    expect(takes[2]?.now).to.equal('ZK_SESSION_EXPIRED')
    expect(theirs.now).to.equal('pending')
    await b.close()
    await settle()
    expect(theirs.now).to.equal('ZK_SESSION_EXPIRED')
    for (const timeoutMs of [0, Number.NaN]) {
      const wrong = outcomeOf(queue.take({ timeoutMs }))
      await settle()
      expect(wrong.now).to.equal('TypeError')
    }
  })

  it('a consumer waits through an outage, and gets what was put meanwhile', async () => {
    const taken = new Queue(a, PATH).take()
    const outcome = outcomeOf(taken)
    await settle()
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    await new Queue(b, PATH).put(bytes(1))
    await settle()
    expect([a.state, outcome.now]).to.deep.equal(['suspended', 'pending'])
    one.store.mend()
    await pass(2_000)
    expect(textOf(await taken)).to.equal('1')
  })

  it('a delete that is in flight when the wait ends is waited for', async () => {
    const queue = new Queue(a, PATH)
    await queue.put(bytes(1))
    one.store.cutWrites()
    const abort = new AbortController()
    const taken = queue.take({ signal: abort.signal })
    const outcome = outcomeOf(taken)
    await settle()
    abort.abort()
    await settle()
    expect(outcome.now).to.equal('pending')
    one.store.mendWrites()
    expect(textOf(await taken)).to.equal('1')
    expect(await names()).to.deep.equal([])
  })

  it('a delete with an unknown outcome is reported, with the element’s path', async () => {
    const queue = new Queue(a, PATH)
    await queue.put(bytes(1))
    await queue.put(bytes(2))
    const [first] = (await names()).toSorted()
    cutBehindNextTxn(one, bench.backend)
    const taken = queue.take()
    const failure = failureOf(taken)
    await pass(TIMEOUT_MS / 2)
    one.store.mend()
    await pass(2_000)
    expect(failure.now).to.equal('ZK_CONNECTION_LOSS unknown')
    expect(await taken.catch((error: ZnodeError) => error.path)).to.equal(`${PATH}/${first}`)
    expect(await names()).to.have.length(1)
    expect(textOf(await queue.take())).to.equal('2')
  })

  it('a delete that was certainly not applied is sent again', async () => {
    await new Queue(b, PATH).put(bytes(1))
    const { errno } = ZK_ERRORS.CONNECTION_LOSS
    for (const outcome of ['unknown', 'unapplied'] as const) {
      let isFirst = true
      const lossy = aheadOf(a, 'delete', async (path) => {
        if (isFirst) {
          isFirst = false
          throw new ZnodeError(errno, path, { outcome })
        }
      })
      await settle()
      expect(textOf(await new Queue(lossy, PATH).take()), outcome).to.equal('1')
      await new Queue(b, PATH).put(bytes(1))
    }
  })

  it('a delete that is in flight when the session ends has an unknown outcome', async () => {
    const queue = new Queue(a, PATH)
    await queue.put(bytes(1))
    one.store.cutWrites()
    const failure = failureOf(queue.take())
    await settle()
    await bench.freeze(one, () => pass(3 * TIMEOUT_MS))
    await pass(1_000)
    expect(failure.now).to.equal('ZK_SESSION_EXPIRED unknown')
    one.store.mendWrites()
  })

  it('a put with an unknown outcome is reported as that, and put once', async () => {
    const queue = new Queue(a, PATH)
    await queue.put(bytes(1))
    await queue.take()
    cutBehindNextTxn(one, bench.backend)
    const failure = failureOf(queue.put(bytes(2)))
    await pass(TIMEOUT_MS / 2)
    expect(failure.now).to.equal('ZK_CONNECTION_LOSS unknown')
    one.store.mend()
    await pass(2_000)
    expect(await names()).to.have.length(1)
  })

  it('a put in an outage waits for its end; one that is given up is not sent', async () => {
    const queue = new Queue(a, PATH)
    await queue.put(bytes(1))
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    const failure = failureOf(queue.put(bytes(2), { timeoutMs: 1_000 }))
    const put = outcomeOf(queue.put(bytes(3)))
    await pass(1_000)
    expect([failure.now, put.now]).to.deep.equal(['ZK_OPERATION_TIMEOUT unapplied', 'pending'])
    one.store.mend()
    await pass(2_000)
    expect(put.now).to.equal('done')
    expect([textOf(await queue.take()), textOf(await queue.take())]).to.deep.equal(['1', '3'])
  })

  it('does not permit what makes no sense', async () => {
    expect(() => new Queue(a, '/')).to.throw(TypeError)
    expect(() => new Queue(a, PATH, { layout: 'odd' as 'kazoo' })).to.throw(TypeError)
    const refused = outcomeOf(new Queue(a, PATH).put('text' as unknown as Uint8Array))
    await settle()
    expect(refused.now).to.equal('ZK_BAD_ARGUMENTS')
  })
})
