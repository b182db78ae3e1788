/** What all connections may hold together, and what one of them has in flight. */
import { expect } from 'chai'
import { ByteBudget } from '../../../proxy/byte-budget.ts'
import { InFlight } from '../../../proxy/in-flight.ts'

describe('proxy/byte-budget', () => {
  it('wakes those that wait when a quarter is free, each once, in their order', () => {
    const budget = new ByteBudget(100)
    const woken: string[] = []
    budget.add(120)
    expect(budget.isFull).to.equal(true)
    const a = () => woken.push('a')
    budget.wait(a)
    budget.wait(() => woken.push('b'))
    budget.wait(a)
    const c = () => woken.push('c')
    budget.wait(c)
    budget.forget(c)
    budget.remove(44)
    expect([budget.isFull, woken]).to.deep.equal([false, []])
    budget.remove(1)
    expect(woken).to.deep.equal(['a', 'b'])
    budget.remove(75)
    expect([woken.length, budget.bytes, budget.peakBytes, budget.waits]).to.deep.equal([
      2, 0, 120, 3,
    ])
  })

  it('one that waits again when it is woken is woken by a later change', () => {
    const budget = new ByteBudget(100)
    let times = 0
    const wake = () => {
      times++
      budget.wait(wake)
    }
    budget.add(100)
    budget.wait(wake)
    budget.remove(30)
    expect(times).to.equal(1)
    budget.remove(1)
    expect(times).to.equal(2)
  })

  it('requests in flight are answered in their order, and their bytes come back', () => {
    const budget = new ByteBudget(1_000_000)
    const inFlight = new InFlight(budget)
    let expected = 0
    for (let i = 0; i < 5_000; i++) {
      inFlight.add(i, 10)
      // Some stay on their way all the time: the list is not started anew.
      if (i % 3 === 0) expect(inFlight.answered()).to.equal(expected++)
      expect(inFlight.bytes).to.equal((i + 1 - expected) * 10)
      expect(budget.bytes).to.equal(inFlight.bytes)
    }
    while (!inFlight.isEmpty) expect(inFlight.answered()).to.equal(expected++)
    expect([expected, inFlight.bytes, budget.bytes]).to.deep.equal([5_000, 0, 0])
    inFlight.add(1, 7)
    inFlight.clear()
    expect([inFlight.isEmpty, inFlight.bytes, budget.bytes]).to.deep.equal([true, 0, 0])
  })
})
