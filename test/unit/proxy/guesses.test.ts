import { expect } from 'chai'
import { Guesses } from '../../../proxy/auth/guesses.ts'

describe('proxy/auth/guesses', () => {
  let nowMs = 0
  const of = (authFailuresMax: number, authFailureAddressesMax = 100) =>
    new Guesses(
      () => ({ authFailuresMax, authFailureAddressesMax }),
      () => nowMs,
    )
  const fail = (guesses: Guesses, address: string, times: number) => {
    for (let i = 0; i < times; i++) guesses.failed(address)
  }

  it('throttles an address at the bound, and nobody else; time makes up for its wrong passwords', () => {
    const guesses = of(6)
    fail(guesses, '10.0.0.1', 5)
    expect(guesses.throttles('10.0.0.1')).to.equal(false)
    guesses.failed('10.0.0.1')
    expect(guesses.throttles('10.0.0.1')).to.equal(true)
    expect(guesses.throttles('10.0.0.2')).to.equal(false)
    nowMs += 9_999
    expect(guesses.throttles('10.0.0.1')).to.equal(true)
    nowMs += 1
    expect(guesses.throttles('10.0.0.1')).to.equal(false)
    expect(guesses.throttled).to.equal(2)
  })

  it('what was in flight beyond the bound is made up for as well', () => {
    const guesses = of(6)
    fail(guesses, '10.0.0.1', 12)
    nowMs += 60_000
    expect(guesses.throttles('10.0.0.1')).to.equal(true)
    nowMs += 10_000
    expect(guesses.throttles('10.0.0.1')).to.equal(false)
  })

  it('a host has one allowance for its IPv6 network; IPv4 addresses have one each', () => {
    const guesses = of(1)
    for (const [address, same, other] of [
      ['2001:db8:1:2::1', '2001:db8:1:2:ffff::', '2001:db8:1:3::1'],
      ['fe80::1%eth0', 'fe80::2', 'fe80:0:0:1::2'],
      ['::1', '::2', '1::'],
      ['192.0.2.1', '192.0.2.1', '192.0.2.2'],
    ] as const) {
      guesses.failed(address)
      expect(guesses.throttles(same), same).to.equal(true)
      expect(guesses.throttles(other), other).to.equal(false)
    }
  })

  it('remembers so many addresses, and forgets the oldest and those that are made up for', () => {
    const guesses = of(1, 3)
    for (let i = 1; i <= 5; i++) guesses.failed(`10.0.0.${i}`)
    expect(guesses.size).to.equal(3)
    expect([2, 3].map((i) => guesses.throttles(`10.0.0.${i}`))).to.deep.equal([false, true])
    nowMs += 60_000
    guesses.failed('10.0.0.9')
    expect(guesses.size).to.equal(1)
  })

  it('0: any number, and nothing is remembered', () => {
    const guesses = of(0)
    fail(guesses, '10.0.0.1', 1_000)
    expect([guesses.throttles('10.0.0.1'), guesses.size]).to.deep.equal([false, 0])
  })
})
