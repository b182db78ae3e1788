/** Positions as text: each reads back as what it was, and no other. */
import { expect } from 'chai'
import { parsePosition, showPosition } from '../../../../../lib/member/changes/position.ts'

describe('member/changes/position', () => {
  it('reads back as what it was, however many transactions are done', () => {
    const texts = new Set<string>()
    for (const done of [undefined, ...Array.from({ length: 5_000 }, (_, i) => i)]) {
      const position = { zxid: 2 ** 52 + 14, seq: 14, done, digest: 0xen }
      const text = showPosition(position)
      expect(parsePosition(text), text).to.deep.equal(position)
      texts.add(text)
    }
    expect(texts.size).to.equal(5_001)
    const fresh = { zxid: 0, seq: 0, done: undefined, digest: undefined }
    expect(parsePosition(showPosition(fresh))).to.deep.equal(fresh)
  })

  it('what is no position is none', () => {
    const good = showPosition({ zxid: 1, seq: 2, done: 3, digest: 4n })
    for (const wrong of [
      '',
      'x',
      good.slice(1),
      `${good}0`,
      good.toUpperCase().replace('.', ','),
    ]) {
      expect(parsePosition(wrong), wrong).to.equal(undefined)
    }
  })
})
