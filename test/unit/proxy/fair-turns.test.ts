/** Who is served next, on a clock that moves when somebody is served. */
import { expect } from 'chai'
import { FairTurns, type Waiting } from '../../../proxy/fair-turns.ts'

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

describe('proxy/fair-turns', () => {
  let nowMs: number
  let turns: FairTurns
  let served: string[]

  beforeEach(() => {
    nowMs = 0
    served = []
    turns = new FairTurns({ now: () => nowMs, turnMs: 4 })
  })

  const client = (name: string, costMs: number, times = 1): Waiting => {
    let left = times
    const self: Waiting = {
      run() {
        served.push(name)
        nowMs += costMs
        if (--left > 0) turns.add(self, true)
      },
    }
    return self
  }

  it('serves as many as fit into a turn, then lets the event loop do other things', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) turns.add(client(name, 2), false)
    expect(served).to.deep.equal([])
    await nextTurn()
    expect(served).to.deep.equal(['a', 'b'])
    await nextTurn()
    expect(served).to.deep.equal(['a', 'b', 'c', 'd'])
    await nextTurn()
    expect(turns.length).to.equal(0)
  })

  it('who used up a slice waits behind all that did not, but not for ever', async () => {
    turns.add(client('heavy', 100, 3), true)
    for (let i = 0; i < 3; i++) turns.add(client(`light${i}`, 3), false)
    await nextTurn()
    // Two light ones fill the turn, and one heavy one has its turn in any case.
    expect(served).to.deep.equal(['light0', 'light1', 'heavy'])
    await nextTurn()
    expect(served.slice(3)).to.deep.equal(['light2', 'heavy'])
    await nextTurn()
    expect(served.slice(5)).to.deep.equal(['heavy'])
  })

  it('several that use up slices take turns', async () => {
    turns.add(client('a', 5, 2), true)
    turns.add(client('b', 5, 2), true)
    for (let i = 0; i < 4; i++) await nextTurn()
    expect(served).to.deep.equal(['a', 'b', 'a', 'b'])
  })

  it('a turn is over when enough was spent, and begins again', async () => {
    turns.spent(3)
    expect(turns.isOver).to.equal(false)
    turns.spent(3)
    expect(turns.isOver).to.equal(true)
    await nextTurn()
    expect(turns.isOver).to.equal(false)
  })
})
