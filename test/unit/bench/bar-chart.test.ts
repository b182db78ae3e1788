import { expect } from 'chai'
import { type Bar, barChart } from '../../../bench/report/bar-chart.ts'
import { wellFormed } from './well-formed.ts'

const bar = (label: string, value: number, goal?: number): Bar => ({
  label,
  value,
  least: value * 0.8,
  greatest: value * 1.2,
  goal,
})
const chart = (...bars: Bar[]): string => barChart({ title: 'a & b < c', note: 'note', bars })

describe('bench: bar chart', () => {
  it('is well-formed, whatever the names', () => {
    const svg = chart(bar('<get> & "set"', 2, 4), bar('create', 0.5))
    expect(wellFormed(svg)).to.equal(undefined)
    expect(svg).to.contain('a &amp; b &lt; c')
  })

  it('shows each number, and a mark for each goal', () => {
    const svg = chart(bar('get', 6.523, 4), bar('create', 0.42, 1.2), bar('other', 12.34))
    for (const text of ['6.52×', '0.42×', '12.3×']) expect(svg).to.contain(text)
    expect(svg.match(/class="goal"/g)).to.have.length(2)
  })

  it('keeps everything inside the picture', () => {
    const svg = chart(bar('fast', 900, 2), bar('slow', 0.001, 2), bar('none', 0))
    const width = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1])
    for (const [, x] of svg.matchAll(/\b(?:x|x1|x2)="([^"]+)"/g)) {
      expect(Number(x)).to.be.within(0, width)
    }
  })

  it('knows when it reads something else', () => {
    expect(wellFormed('<svg><text>a</svg>')).to.not.equal(undefined)
    expect(wellFormed('<svg><text x="1" x="2"/></svg>')).to.not.equal(undefined)
    expect(wellFormed('<svg>a & b</svg>')).to.not.equal(undefined)
  })
})
