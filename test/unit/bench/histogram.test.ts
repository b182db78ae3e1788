import { expect } from 'chai'
import { Histogram } from '../../../bench/load/histogram.ts'

describe('bench: histogram', () => {
  it('gives percentiles within 2 %', () => {
    const histogram = new Histogram()
    for (let us = 1; us <= 100_000; us++) histogram.record(us / 1_000)
    expect(histogram.total).to.equal(100_000)
    for (const share of [0.01, 0.5, 0.99, 0.999]) {
      expect(histogram.percentile(share) / (100 * share)).to.be.within(0.98, 1.02)
    }
  })

  it('knows the rare slow ones', () => {
    const histogram = new Histogram()
    for (let i = 0; i < 999; i++) histogram.record(1)
    histogram.record(500)
    expect(histogram.percentile(0.99)).to.be.within(0.98, 1.02)
    expect(histogram.percentile(0.9995)).to.be.within(490, 510)
  })

  it('holds what is below a microsecond and beyond an hour', () => {
    const histogram = new Histogram()
    histogram.record(0)
    histogram.record(1e12)
    expect(histogram.total).to.equal(2)
    expect(histogram.percentile(0.5)).to.be.below(0.01)
    expect(histogram.percentile(1)).to.be.above(3_600_000)
  })
})
