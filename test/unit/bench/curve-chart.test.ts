import { expect } from 'chai'
import { curveChart } from '../../../bench/report/curve-chart.ts'
import { wellFormed } from './well-formed.ts'

const panel = (title: string) => ({
  title,
  curves: [
    {
      label: 'a & b',
      points: [
        { x: 1, y: 0 },
        { x: 1_000_000, y: 12_345 },
      ],
    },
    { label: 'flat', points: [{ x: 10, y: 1 }] },
  ],
})

describe('bench: curve chart', () => {
  it('is well-formed for any number of panels', () => {
    for (const count of [0, 1, 3, 7]) {
      const panels = Array.from({ length: count }, (_, i) => panel(`<${i}>`))
      expect(wellFormed(curveChart({ title: 't', panels }))).to.equal(undefined)
    }
  })

  it('keeps everything inside the picture, also what is 0', () => {
    const svg = curveChart({ title: 't', panels: [panel('a'), panel('b'), panel('c'), panel('d')] })
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number)
    for (const [, axis, value] of svg.matchAll(/\b(c?[xy][12]?)="([^"]+)"/g)) {
      expect(Number(value), axis!).to.be.within(0, axis!.includes('x') ? width! : height!)
    }
    expect(svg).to.not.contain('NaN')
  })

  it('names thousands and millions', () => {
    const svg = curveChart({ title: 't', panels: [panel('a')] })
    expect(svg).to.contain('>1M<').and.to.contain('>10k<')
  })
})
