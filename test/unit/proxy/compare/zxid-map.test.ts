import { expect } from 'chai'
import { ZxidMap } from '../../../../proxy/compare/zxid-map.ts'

describe('ZxidMap', () => {
  const pair = (candidate: number, oracle: number) => ({ candidate, oracle })

  function begun(pairsMax?: number): ZxidMap {
    const map = new ZxidMap(pairsMax)
    map.begin(pair(10, 500))
    return map
  }

  it('takes what is older than the comparison for equal, and never beside what is not', () => {
    const map = begun()
    expect(map.check(pair(3, 499))).to.equal(undefined)
    expect(map.check(pair(10, 1))).to.equal(undefined)
    expect(map.check(pair(10, 501))).to.match(/before the comparison on the candidate only/)
    expect(map.check(pair(11, 500))).to.match(/before the comparison on the oracle only/)
  })

  it('takes 0 and −1 for what they are', () => {
    const map = begun()
    expect(map.check(pair(0, 0))).to.equal(undefined)
    expect(map.check(pair(-1, 0))).to.be.a('string')
    expect(map.check(pair(0, 7))).to.be.a('string')
    expect(map.learnWrite(pair(0, 0))).to.equal(undefined)
    expect(map.learnWrite(pair(12, 0))).to.be.a('string')
  })

  it('pairs writes one to one', () => {
    const map = begun()
    expect(map.learnWrite(pair(11, 510))).to.equal(undefined)
    expect(map.learnWrite(pair(15, 511))).to.equal(undefined)
    expect(map.check(pair(11, 510))).to.equal(undefined)
    expect(map.check(pair(15, 511))).to.equal(undefined)
    expect(map.check(pair(11, 511))).to.match(/different writes/)
    expect(map.check(pair(15, 512))).to.match(/different writes/)
    expect(map.check(pair(12, 510))).to.match(/different writes/)
  })

  it('wants every write above the one before it, on both sides', () => {
    const map = begun()
    map.learnWrite(pair(11, 510))
    expect(map.learnWrite(pair(11, 511))).to.match(/on the candidate/)
    expect(map.learnWrite(pair(12, 510))).to.match(/on the oracle/)
    expect(map.learnWrite(pair(12, 511))).to.equal(undefined)
    expect(map.learnWrite(pair(9, 499))).to.equal(undefined)
  })

  it('pairs what no write told of as it appears', () => {
    const map = begun()
    map.learnWrite(pair(20, 520))
    expect(map.check(pair(12, 515))).to.equal(undefined)
    expect(map.check(pair(12, 515))).to.equal(undefined)
    expect(map.check(pair(12, 516))).to.match(/another zxid before/)
    expect(map.check(pair(13, 515))).to.match(/another zxid before/)
  })

  it('translates what a client last saw', () => {
    const map = begun()
    expect(map.toOracle(0)).to.equal(0)
    expect(map.toOracle(-1)).to.equal(-1)
    map.learnSeen(pair(11, 510))
    map.learnSeen(pair(15, 510))
    map.learnSeen(pair(15, 512))
    map.learnSeen(pair(20, 530))
    expect([11, 12, 15, 19, 20].map((zxid) => map.toOracle(zxid))).to.deep.equal([
      510, 510, 512, 512, 530,
    ])
    // A client that comes from elsewhere: refused by both sides, or by none.
    expect(map.toOracle(25)).to.equal(535)
  })

  it('forgets the older half when it is full, and takes it for old', () => {
    const map = begun(4)
    for (let i = 1; i <= 5; i++) map.learnWrite(pair(10 + i, 500 + i))
    expect(map.check(pair(11, 502))).to.equal(undefined)
    expect(map.check(pair(13, 504))).to.match(/different writes/)
    expect(map.check(pair(12, 503))).to.match(/before the comparison/)
  })
})
