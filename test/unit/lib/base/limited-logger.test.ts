import { expect } from 'chai'
import { LimitedLogger } from '../../../../lib/base/limited-logger.ts'
import type { Logger } from '../../../../lib/index.ts'
import { ManualClock } from '../../../support/manual-clock.ts'

describe('LimitedLogger', () => {
  function bench(linesPerMinuteMax: number) {
    const clock = new ManualClock()
    const lines: [level: string, fields: object, message: string][] = []
    const at = (level: string) => (fields: object, message: string) => {
      lines.push([level, fields, message])
    }
    const inner: Logger = {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
    }
    return { clock, lines, log: new LimitedLogger({ logger: inner, clock, linesPerMinuteMax }) }
  }

  it('lets so many lines of a kind pass, and says at the end of the minute how many it left out', async () => {
    const { clock, lines, log } = bench(3)
    for (let i = 0; i < 1_000; i++) log.info({ i }, 'malformed packet')
    expect(lines.map(([, fields]) => fields)).to.deep.equal([{ i: 0 }, { i: 1 }, { i: 2 }])
    await clock.advance(60_000)
    expect(lines.slice(3)).to.deep.equal([
      ['info', { leftOut: 997 }, 'malformed packet: 997 more left out'],
    ])
    expect(log.leftOut).to.equal(997)
    log.info({}, 'malformed packet')
    expect(lines).to.have.length(5)
  })

  it('counts each kind by itself: a flood hides no other line', () => {
    const { lines, log } = bench(1)
    for (let i = 0; i < 50; i++) log.warn({}, 'flood')
    log.error({}, 'flood')
    log.warn({}, 'something else')
    expect(lines.map(([level, , message]) => `${level} ${message}`)).to.deep.equal([
      'warn flood',
      'error flood',
      'warn something else',
    ])
  })

  it('keeps a bounded number of kinds, and lets no flood of kinds through', async () => {
    const { clock, lines, log } = bench(2)
    for (let i = 0; i < 100_000; i++) log.warn({}, `message ${i}`)
    expect(lines).to.have.length(502)
    await clock.advance(60_000)
    expect(lines.at(-1)?.[2]).to.equal('other messages: 99498 more left out')
  })

  it('says nothing of what had room, limits no debug line, and has no limit at 0', async () => {
    const { clock, lines, log } = bench(2)
    for (let i = 0; i < 2; i++) log.info({}, 'rare')
    for (let i = 0; i < 9; i++) log.debug({}, 'detail')
    await clock.advance(120_000)
    expect(lines).to.have.length(11)
    const unlimited = bench(0)
    for (let i = 0; i < 99; i++) unlimited.log.info({}, 'all')
    expect(unlimited.lines).to.have.length(99)
  })

  it('flush says at once what was left out', () => {
    const { lines, log } = bench(1)
    log.info({}, 'a')
    log.info({}, 'a')
    log.flush()
    expect(lines.at(-1)).to.deep.equal(['info', { leftOut: 1 }, 'a: 1 more left out'])
  })

  it('drops what the logger throws', async () => {
    const { clock, log } = bench(1)
    const broken = (): never => {
      throw new RangeError('injected')
    }
    const inner = { debug: broken, info: broken, warn: broken, error: broken }
    const guarded = new LimitedLogger({ logger: inner, clock, linesPerMinuteMax: 1 })
    for (const level of ['debug', 'info', 'warn', 'error', 'error'] as const)
      guarded[level]({}, 'm')
    guarded.flush()
    expect([guarded.leftOut, log.leftOut]).to.deep.equal([1, 0])
  })
})
