import { expect } from 'chai'
import { type Clock, EVENT, type Request, systemClock } from '../../../../lib/internal.ts'
import { type EventDifference, EventMatcher } from '../../../../proxy/compare/event-matcher.ts'
import type { SeenEvent } from '../../../../proxy/compare/upstream.ts'

describe('EventMatcher', () => {
  let due: (() => void)[]
  let told: EventDifference[]
  let matched: number
  let matcher: EventMatcher
  const clock: Clock = {
    ...systemClock,
    after(_ms, run) {
      due.push(run)
      return () => {
        due = due.filter((other) => other !== run)
      }
    },
  }

  beforeEach(() => {
    due = []
    told = []
    matched = 0
    matcher = new EventMatcher({
      clock,
      graceMs: 3_000,
      onMatched: () => {
        matched++
      },
      onDifference: (difference) => told.push(difference),
    })
  })

  const event = (type: number, more: Partial<SeenEvent> = {}): SeenEvent => ({
    type,
    state: 3,
    path: '/a',
    index: 0,
    inFlight: false,
    ...more,
  })
  const { NodeDataChanged, NodeChildrenChanged, NodeDeleted } = EVENT
  const grace = () => {
    for (const run of [...due]) run()
  }
  const whys = () => told.map(({ why }) => why)

  it('pairs equal ones, whichever side is first', () => {
    matcher.arrived('candidate', event(NodeDataChanged))
    matcher.arrived('oracle', event(NodeDataChanged))
    matcher.arrived('oracle', event(NodeDeleted))
    matcher.arrived('candidate', event(NodeDeleted))
    grace()
    expect([matched, told, matcher.waiting]).to.deep.equal([2, [], 0])
  })

  it('has no order between paths', () => {
    matcher.arrived('candidate', event(NodeDataChanged))
    matcher.arrived('candidate', event(NodeDataChanged, { path: '/b' }))
    matcher.arrived('oracle', event(NodeDataChanged, { path: '/b' }))
    matcher.arrived('oracle', event(NodeDataChanged))
    expect([matched, told]).to.deep.equal([2, []])
  })

  it('tells of the one that is missing, not of those after it', () => {
    matcher.arrived('oracle', event(NodeDataChanged))
    matcher.arrived('oracle', event(NodeChildrenChanged))
    matcher.arrived('candidate', event(NodeChildrenChanged))
    expect(told).to.deep.equal([])
    grace()
    expect([matched, whys()]).to.deep.equal([1, ['did not come from the candidate']])
    expect(told[0]!.oracle!.type).to.equal(NodeDataChanged)
  })

  it('tells of another order on one path', () => {
    matcher.arrived('oracle', event(NodeDataChanged))
    matcher.arrived('oracle', event(NodeChildrenChanged))
    matcher.arrived('candidate', event(NodeChildrenChanged))
    matcher.arrived('candidate', event(NodeDataChanged))
    expect([matched, whys()]).to.deep.equal([1, ['in another order']])
  })

  it('tells of one that comes after the reply to the request that caused it', () => {
    const request: Request = { type: 'setData', path: '/a', data: null, version: -1 }
    matcher.sending(4, request)
    matcher.arrived('oracle', event(NodeDataChanged, { index: 4, inFlight: true }))
    matcher.arrived('candidate', event(NodeDataChanged, { index: 5 }))
    expect(whys()).to.deep.equal(['after the reply to the request that caused it on the candidate'])
    expect(told[0]!.request).to.equal(request)
  })

  it('lets others’ events come before and after replies', () => {
    matcher.sending(4, { type: 'setData', path: '/other', data: null, version: -1 })
    matcher.arrived('oracle', event(NodeDataChanged, { index: 4, inFlight: true }))
    matcher.arrived('candidate', event(NodeDataChanged, { index: 5 }))
    expect([matched, told]).to.deep.equal([1, []])
  })

  it('tells at the end what is left, or only counts it', () => {
    matcher.arrived('candidate', event(NodeDataChanged))
    expect(matcher.end(false)).to.equal(1)
    expect(told).to.deep.equal([])
    matcher.arrived('candidate', event(NodeDataChanged))
    expect(matcher.end(true)).to.equal(1)
    expect(whys()).to.deep.equal(['did not come from the oracle'])
    grace()
    expect(told).to.have.length(1)
  })
})
