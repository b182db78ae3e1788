import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { LeaseStream } from '../../../../adapters/etcd/lease-stream.ts'
import type { Members } from '../../../../adapters/etcd/members.ts'
import { StoreError } from '../../../../lib/model/errors.ts'
import { ManualClock } from '../../../support/manual-clock.ts'

/** A stream of renewals that only the test answers. */
class Duplex extends EventEmitter {
  readonly written: string[] = []
  isEnded = false

  write({ ID }: { readonly ID: string }): void {
    this.written.push(ID)
  }
  end(): void {
    this.isEnded = true
  }
  cancel(): void {}
  answer(id: string, TTL = '6', cluster = 'ours'): void {
    this.emit('data', { ID: id, TTL, header: { cluster_id: cluster } })
  }
}

describe('etcd/lease-stream', () => {
  let clock: ManualClock
  let opened: { readonly atMs: number; readonly member: number; readonly duplex: Duplex }[]
  let suspected: number[]
  let leases: LeaseStream

  beforeEach(() => {
    clock = new ManualClock()
    opened = []
    suspected = []
    let current = 0
    const next = (index: number): void => {
      suspected.push(index)
      current = (index + 1) % 3
    }
    const memberAt = (index: number) => ({
      index,
      leases: {
        leaseKeepAlive: async () => {
          const duplex = new Duplex()
          opened.push({ atMs: clock.monotonic(), member: index, duplex })
          return duplex
        },
      },
    })
    const members = {
      count: 3,
      current: () => memberAt(current),
      suspect: ({ index }: { readonly index: number }) => next(index),
      streamFailed: ({ index }: { readonly index: number }) => next(index),
    } as unknown as Members
    const checkCluster = (id: string): void => {
      if (id !== 'ours') throw new StoreError('STORE_UNAVAILABLE', `cluster ${id}`)
    }
    leases = new LeaseStream({ members, clock, checkCluster, timeoutMs: 2_000 })
  })

  /** What became of the renewal: undefined as long as it is pending. */
  function renew(id: bigint): { outcome: unknown } {
    const renewal: { outcome: unknown } = { outcome: undefined }
    leases.renew(id).then(
      ({ ttlMs }) => {
        renewal.outcome = ttlMs
      },
      (error: StoreError) => {
        renewal.outcome = error.code
      },
    )
    return renewal
  }

  it('one that hangs costs 400 ms: the next member is tried, and used from then on', async () => {
    const first = renew(7n)
    await clock.advance(399)
    expect(opened.map(({ member }) => member)).to.deep.equal([0])
    await clock.advance(1)
    expect(opened.map(({ member }) => member)).to.deep.equal([0, 1])
    expect(suspected).to.deep.equal([0])
    opened[1]!.duplex.answer('7')
    await clock.advance(0)
    expect(first.outcome).to.equal(6_000)
    const second = renew(7n)
    await clock.advance(0)
    opened[1]!.duplex.answer('7')
    await clock.advance(0)
    expect(second.outcome).to.equal(6_000)
    expect(opened.length).to.equal(2)
  })

  it('an answer of another cluster is none: the next member is tried at once', async () => {
    const renewal = renew(7n)
    await clock.advance(0)
    opened[0]!.duplex.answer('7', '0', 'theirs')
    await clock.advance(0)
    expect(renewal.outcome).to.equal(undefined)
    expect(opened[0]!.duplex.isEnded).to.equal(true)
    expect(opened.map(({ member }) => member)).to.deep.equal([0, 1])
    opened[1]!.duplex.answer('7')
    await clock.advance(0)
    expect(renewal.outcome).to.equal(6_000)
  })

  it('one that is slow is given its time, and its stream is closed when nothing waits on it', async () => {
    const renewal = renew(7n)
    await clock.advance(1_000)
    expect(opened.length).to.equal(3)
    const [{ duplex }] = opened as [(typeof opened)[0]]
    expect(duplex.isEnded).to.equal(false)
    duplex.answer('7')
    await clock.advance(0)
    expect(renewal.outcome).to.equal(6_000)
    expect(duplex.isEnded).to.equal(true)
    await clock.advance(10_000)
    expect(opened.length).to.equal(3)
  })

  it('without any answer it ends at its deadline, after five tries', async () => {
    const renewal = renew(7n)
    await clock.advance(1_999)
    expect(renewal.outcome).to.equal(undefined)
    expect(opened.map(({ atMs }) => atMs)).to.deep.equal([0, 400, 800, 1_200, 1_600])
    await clock.advance(1)
    expect(renewal.outcome).to.equal('STORE_TIMEOUT')
    expect(opened.every(({ duplex }) => duplex.isEnded)).to.equal(true)
  })

  it('a lease that is gone is an answer: no other member is asked', async () => {
    const renewal = renew(7n)
    await clock.advance(0)
    opened[0]!.duplex.answer('7', '0')
    await clock.advance(0)
    await clock.advance(5_000)
    expect(renewal.outcome).to.equal('STORE_LEASE_NOT_FOUND')
    expect(opened.length).to.equal(1)
  })

  it('one that refuses is followed by the next immediately', async () => {
    const renewal = renew(7n)
    await clock.advance(0)
    opened[0]!.duplex.emit('end')
    await clock.advance(0)
    expect(opened.length).to.equal(2)
    opened[1]!.duplex.answer('7')
    await clock.advance(0)
    expect(renewal.outcome).to.equal(6_000)
  })

  it('closed, what is pending ends, and nothing is tried any more', async () => {
    const renewal = renew(7n)
    await clock.advance(500)
    leases.close()
    await clock.advance(0)
    await clock.advance(5_000)
    expect(renewal.outcome).to.equal('STORE_CLOSED')
    expect(opened.length).to.equal(2)
    expect(opened.every(({ duplex }) => duplex.isEnded)).to.equal(true)
  })
})
