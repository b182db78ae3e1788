import { expect } from 'chai'
import { cpu, short, spread, table } from '../../../bench/report/format.ts'
import { toWords, verdict } from '../../../bench/report/goals.ts'
import { median, ratios } from '../../../bench/report/statistics.ts'
import {
  bySecond,
  isPair,
  peerTables,
  sideBySide,
  withDrain,
} from '../../../bench/report/tables.ts'
import { measured, runs } from './measured.ts'

describe('bench: statistics', () => {
  it('median of odd and even counts, whatever their order', () => {
    expect(median([3, 1, 2])).to.equal(2)
    expect(median([4, 1, 3, 2])).to.equal(2.5)
    expect(() => median([])).to.throw(RangeError)
  })

  it('ratios are of the same round', () => {
    expect(ratios(runs(200, 300), runs(100, 600))).to.deep.equal([2, 0.5])
    expect(() => ratios(runs(1), runs(1, 2))).to.throw(RangeError)
  })
})

describe('bench: format', () => {
  it('keeps three digits', () => {
    expect([0.1234, 1.234, 12.34, 123.4, 12_345].map(short)).to.deep.equal([
      '0.12',
      '1.23',
      '12.3',
      '123',
      '12,345',
    ])
  })

  it('spread is median, least and greatest', () => {
    expect(spread([30, 10, 20])).to.equal('20 (10–30)')
  })

  it('CPU names its parts where there are several', () => {
    expect(cpu([measured({ cpu: { server: 0.02 } })])).to.equal('20.0')
    expect(cpu([measured({ cpu: { proxy: 0.02, etcd: 0.01 } })])).to.equal(
      '30.0 (proxy 20.0, etcd 10.0)',
    )
  })

  it('a table is Markdown', () => {
    expect(table(['a', 'b'], [['1', '2']])).to.equal('| a | b |\n|---|---|\n| 1 | 2 |')
  })
})

describe('bench: goals', () => {
  const base = [measured({ perSecond: 100, p99: 10 })]
  const judge = (perSecond: number, p99: number) =>
    toWords(verdict('create', [measured({ perSecond, p99 })], base))

  it('need the rate and the p99', () => {
    expect(judge(120, 10)).to.equal('yes')
    expect(judge(119, 10)).to.equal('no: rate')
    expect(judge(120, 10.1)).to.equal('no: p99')
    expect(judge(1, 11)).to.equal('no: rate, p99')
  })

  it('the median decides, not the best round', () => {
    const ours = runs(500, 110, 90)
    expect(verdict('create', ours, runs(100, 100, 100))).to.include({
      goal: 1.2,
      ratio: 1.1,
      rateHolds: false,
    })
  })

  it('nothing is asked of other loads', () => {
    expect(verdict('hot-set', runs(1), runs(2))).to.equal(undefined)
    expect(toWords(undefined)).to.equal('')
  })
})

describe('bench: tables', () => {
  const series = [
    { load: 'get', runs: [runs(100, 200), runs(400, 1_000)], ceiling: measured() },
    { load: 'create', runs: [runs(100, 100), runs(150, 50)], ceiling: undefined },
  ]
  const compared = { names: ['A', 'B'], series, head: '' }

  it('two peers: goal, verdict, ratio, and the ceiling', () => {
    const lines = peerTables(compared, true).split('\n')
    expect(lines[2]).to.contain('**get**')
    expect(lines[2]).to.contain('| 4 | yes | **4.50** (4.00, 5.00) |')
    expect(lines[3]).to.contain('| 1.2 | no: rate | **1.00** (1.50, 0.50) |')
    expect(lines.find((line) => line.startsWith('| **get** |'))).to.match(/\| 50 % \| 1,000 \|$/)
  })

  it('one peer, or three: side by side, without a ratio', () => {
    const alone = { ...compared, names: ['A'], series: [{ ...series[0]!, runs: [runs(100, 200)] }] }
    expect([isPair(compared), isPair(alone)]).to.deep.equal([true, false])
    const lines = peerTables(alone, true).split('\n')
    expect(lines[2]).to.equal('| load | A |')
    expect(lines[4]).to.contain('| 150 (100–200) |')
    const [first] = series
    const three = {
      ...compared,
      names: ['A', 'B', 'C'],
      series: [{ ...first!, runs: [...first!.runs, runs(7)] }],
    }
    expect(isPair(three)).to.equal(false)
    expect(peerTables(three, true)).to.contain('| load | A | B | C |')
  })

  it('tells errors', () => {
    const bad = [{ ...series[0]!, runs: [[measured({ errors: 7 })], runs(1)] }]
    expect(peerTables({ ...compared, series: bad }, true)).to.contain('(7 errors)')
  })

  it('an operation of many counts as many', () => {
    const load = { load: 'set-watches:2000', runs: [runs(3)], ceiling: undefined }
    const text = sideBySide({ names: ['A'], series: [load], head: '' }, (all) =>
      String(all[0]!.perSecond),
    )
    expect(text).to.contain('| 6000 |')
  })

  it('a collapse shows by the second', () => {
    expect(bySecond([measured({ rates: [100, 100, 20, 10] })])).to.equal(
      '60 (10–100); second half ÷ first 0.15',
    )
  })

  it('the drain counts as time', () => {
    const run = measured({ operations: 3_000, perSecond: 1_000, drainSeconds: 2 })
    expect(withDrain([run])).to.equal('600')
  })
})
