import { expect } from 'chai'
import { replaceSection } from '../../../bench/report/results-file.ts'

describe('bench: results file', () => {
  const first = replaceSection('# Title\n\nabove\n', 'loads', 'one')

  it('appends what is not there yet', () => {
    expect(first).to.match(/^# Title\n\nabove\n\n<!-- .* loads -->\n\none\n\n<!-- .* -->\n$/)
  })

  it('replaces its own part only', () => {
    const both = `${replaceSection(first, 'memory', 'two')}\nbelow\n`
    const again = replaceSection(both, 'loads', 'three')
    expect(again).to.contain('three').and.to.contain('two').and.to.not.contain('one')
    expect(again.startsWith('# Title\n\nabove\n')).to.equal(true)
    expect(again.endsWith('\nbelow\n')).to.equal(true)
  })

  it('is the same when the measured part is', () => {
    expect(replaceSection(first, 'loads', 'one')).to.equal(first)
  })

  it('refuses half a section', () => {
    const broken = first.replace(/<!-- end of loads -->/, '')
    expect(() => replaceSection(broken, 'loads', 'x')).to.throw('do not match')
  })
})
