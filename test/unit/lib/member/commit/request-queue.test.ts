import { expect } from 'chai'
import fc from 'fast-check'
import { StoreError } from '../../../../../lib/index.ts'
import { type Gate, RequestQueue } from '../../../../../lib/member/commit/request-queue.ts'
import type { CommitTask } from '../../../../../lib/member/commit/task.ts'

interface Named extends CommitTask {
  readonly name: string
}

const session = (id: bigint) => ({ id, owner: 'a', fence: 1 })
type Session = ReturnType<typeof session>

/** A setData of about so many bytes. */
function task(name: string, of: Session | undefined, bytes: number): Named {
  return {
    name,
    request: { type: 'setData', path: '/a', data: 'd'.repeat(bytes), version: -1 },
    ...(of === undefined ? {} : { session: of }),
    committed: () => {},
    abandoned: () => {},
  }
}

const openGate: Gate = { isOpen: true, waiting: 0, admission: () => () => true, judged: () => {} }

const names = (tasks: readonly CommitTask[]) => tasks.map((one) => (one as Named).name)

/** As batches: about `bytesMax` each, one request at least. */
function takeBatch(queue: RequestQueue, bytesMax: number): string[] {
  const taken: string[] = []
  let bytes = 0
  for (const one of queue.ready() as readonly Named[]) {
    bytes += one.request.type === 'setData' ? (one.request.data?.length ?? 0) : 0
    if (taken.length > 0 && bytes > bytesMax) break
    taken.push(one.name)
  }
  queue.take(taken.length)
  return taken
}

describe('requests that wait for a batch', () => {
  const [flooding, other, third] = [session(1n), session(2n), session(3n)] as const

  it('keep the order in which they came while they fit into one batch', () => {
    const queue = new RequestQueue(10_000, openGate)
    for (let i = 0; i < 6; i++) queue.push(task(`${i}`, i % 2 === 0 ? flooding : other, 100))
    expect(names(queue.ready())).to.deep.equal(['0', '1', '2', '3', '4', '5'])
  })

  it('of a session that sends little wait for about one batch of one that floods', () => {
    const queue = new RequestQueue(10_000, openGate)
    for (let i = 0; i < 200; i++) queue.push(task(`f${i}`, flooding, 1_000))
    queue.push(task('small', other, 10))
    const batches: string[][] = []
    while (queue.length > 0) batches.push(takeBatch(queue, 10_000))
    expect(batches.findIndex((batch) => batch.includes('small'))).to.be.at.most(1)
    const flood = batches.flat().filter((name) => name.startsWith('f'))
    expect(flood).to.deep.equal(Array.from({ length: 200 }, (_, i) => `f${i}`))
  })

  it('of a session that floods are served, however many others come', () => {
    const queue = new RequestQueue(10_000, openGate)
    for (let i = 0; i < 30; i++) queue.push(task(`f${i}`, flooding, 1_000))
    let served = 0
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 20; i++) queue.push(task('o', session(BigInt(10 + i)), 1_000))
      served += takeBatch(queue, 10_000).filter((name) => name.startsWith('f')).length
    }
    expect(served).to.equal(30)
  })

  it('of the keeper itself wait for no session', () => {
    const queue = new RequestQueue(1_000, openGate)
    for (let i = 0; i < 10; i++) queue.push(task(`f${i}`, flooding, 1_000))
    queue.push(task('own', undefined, 10))
    expect(names(queue.ready())).to.deep.equal(['f0', 'own'])
  })

  it('come first again when they are put back, and are all abandoned together', () => {
    const queue = new RequestQueue(1_000, openGate)
    const all = [0, 1, 2].map((i) => task(`f${i}`, flooding, 1_000))
    for (const one of all) queue.push(one)
    const first = [...queue.ready()]
    queue.take(1)
    expect(queue.length).to.equal(2)
    queue.putBack(first.slice(0, 1))
    expect(names(queue.ready())).to.deep.equal(['f0'])
    const abandoned: string[] = []
    for (const one of all) one.abandoned = () => abandoned.push(one.name)
    queue.abandon(new StoreError('STORE_CLOSED', 'closed'))
    expect(abandoned).to.deep.equal(['f0', 'f1', 'f2'])
    expect(queue.length).to.equal(0)
    queue.push(task('next', flooding, 1))
    expect(names(queue.ready())).to.deep.equal(['next'])
  })

  it('that a gate holds back are passed by other sessions, not by their own', () => {
    let isOpen = false
    const gate: Gate = {
      get isOpen() {
        return isOpen
      },
      waiting: 0,
      // As what is behind one that is held back is held back, too.
      admission: () => {
        const held = new Set<unknown>()
        return (one) => {
          if ((one as Named).name.startsWith('large')) held.add(one.session)
          return !held.has(one.session)
        }
      },
      judged: (waiting) => Object.assign(gate, { waiting }),
    }
    const queue = new RequestQueue(1_000, gate)
    for (const name of ['a', 'large1', 'b']) queue.push(task(name, flooding, 600))
    for (const name of ['c', 'large2']) queue.push(task(name, other, 600))
    queue.push(task('own', undefined, 10))
    queue.push(task('d', third, 10))
    expect(names(queue.ready())).to.deep.equal(['a', 'own', 'c'])
    queue.take(3)
    expect(names(queue.ready())).to.deep.equal(['d'])
    queue.take(1)
    expect(queue.ready()).to.deep.equal([])
    expect([gate.waiting, queue.length, queue.isIdle]).to.deep.equal([3, 3, true])
    queue.push(task('e', third, 10))
    expect(queue.isIdle).to.equal(false)
    expect(names(queue.ready())).to.deep.equal(['e'])
    isOpen = true
    const rest: string[] = []
    while (queue.length > 0) rest.push(...takeBatch(queue, 10_000))
    expect(rest.filter((name) => name !== 'e' && name !== 'large2')).to.deep.equal(['large1', 'b'])
    expect(rest).to.have.members(['e', 'large1', 'b', 'large2'])
    expect(gate.waiting).to.equal(0)
  })

  it('keep their order within a session, and none is lost', () => {
    const step = fc.oneof(
      fc.record({ push: fc.integer({ min: 0, max: 2 }), bytes: fc.nat({ max: 3_000 }) }),
      fc.record({ take: fc.nat({ max: 5 }), back: fc.nat({ max: 5 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let random = 1
        const gate: Gate = {
          get isOpen() {
            random = (random * 48_271) % 2_147_483_647
            return random % 2 === 0
          },
          waiting: 0,
          admission: () => {
            const held = new Set<unknown>()
            return ({ session: of }) => {
              random = (random * 48_271) % 2_147_483_647
              if (random % 3 === 0) held.add(of)
              return !held.has(of)
            }
          },
          judged: (waiting) => Object.assign(gate, { waiting }),
        }
        const queue = new RequestQueue(4_000, gate)
        const sessions = [flooding, other, third]
        const pushed: string[][] = [[], [], []]
        const taken: string[] = []
        let count = 0
        for (const one of steps) {
          if ('push' in one) {
            const name = `${one.push} ${count++}`
            pushed[one.push]!.push(name)
            queue.push(task(name, sessions[one.push], one.bytes))
          } else {
            const front = queue.ready().slice(0, one.take)
            queue.take(front.length)
            // As those of a batch that was lost.
            const back = front.slice(Math.min(one.back, front.length))
            queue.putBack(back)
            taken.push(...names(front.slice(0, front.length - back.length)))
          }
        }
        while (queue.length > 0) taken.push(...takeBatch(queue, 4_000))
        for (const [i, all] of pushed.entries()) {
          expect(taken.filter((name) => name.startsWith(`${i} `))).to.deep.equal(all)
        }
      }),
    )
  })
})
