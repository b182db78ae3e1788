/** Which proxy reports leader. */
import { expect } from 'chai'
import { ensembleOf } from '../../../../proxy/admin/ensemble.ts'

interface Peer {
  readonly address?: string
  readonly startedMs?: number
  readonly leaving?: boolean
}

function seenBy(proxy: string, peers: Record<string, Peer>, isServing = true) {
  const records = Object.entries(peers).map(
    ([id, { address = id, startedMs, leaving = false }]) => [
      id,
      {
        ...{ address, leaving, ttlMs: 6_000, silenceMsMax: 4_000, journalFormat: 3 },
        ...(startedMs === undefined ? {} : { startedMs }),
      },
    ],
  )
  return ensembleOf({ proxy, isServing, registry: { peers: new Map(records as never) } })
}

describe('proxy/admin/ensemble', () => {
  it('one proxy alone is standalone, whether it serves or not', () => {
    for (const isServing of [true, false]) {
      expect(seenBy('a', { a: { startedMs: 5 } }, isServing)).to.deep.equal({
        mode: 'standalone',
        size: 1,
        leader: 'a',
      })
    }
  })

  it('the oldest leads; of two that began together, the lower id; all agree', () => {
    const peers = { b: { startedMs: 7 }, a: { startedMs: 7 }, c: { startedMs: 3 }, d: {} }
    const modes = Object.keys(peers).map((id) => seenBy(id, peers).mode)
    expect(modes).to.deep.equal(['follower', 'follower', 'leader', 'follower'])
    const { c: _, ...left } = peers
    expect(Object.keys(left).map((id) => seenBy(id, left).mode)).to.deep.equal([
      'follower',
      'leader',
      'follower',
    ])
    expect(seenBy('a', peers)).to.include({ size: 4, leader: 'c' })
  })

  it('proxies of one address are one server, such as workers', () => {
    const peers = {
      a: { address: 'h:1', startedMs: 4 },
      b: { address: 'h:1', startedMs: 9 },
      c: { address: 'h:2', startedMs: 5 },
    }
    expect(seenBy('a', peers)).to.include({ mode: 'leader', size: 2 })
    expect(seenBy('b', peers).mode).to.equal('leader')
    expect(seenBy('c', peers).mode).to.equal('follower')
    const { c: _, ...alone } = peers
    expect(seenBy('b', alone).mode).to.equal('standalone')
  })

  it('those that leave, and members that serve nobody, do not count', () => {
    const peers = {
      a: { startedMs: 5 },
      gone: { startedMs: 1, leaving: true },
      controller: { address: '', startedMs: 2 },
    }
    expect(seenBy('a', peers).mode).to.equal('standalone')
  })

  it('one that does not serve knows no leader', () => {
    const peers = { a: { startedMs: 1 }, b: { startedMs: 2 } }
    for (const id of ['a', 'b']) expect(seenBy(id, peers, false).mode).to.equal('leaderelection')
  })
})
