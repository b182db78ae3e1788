/** The verdict of `migrate check`, in words. */
import { expect } from 'chai'
import { shown } from '../../../../cli/migrate/check.ts'

describe('cli/migrate: the verdict of a check', () => {
  const blocks = { severity: 'blocks', sentence: 'no.' } as const
  const info = { severity: 'info', sentence: 'so it is.' } as const

  it('the name of a znode is harmless for a terminal', () => {
    const sentence = 'too large: /a\u202e\u009b2J\u001b[2J'
    expect(shown([{ severity: 'blocks', sentence }])).to.contain(
      'too large: /a\\u{202e}\\u{9b}2J\\u{1b}[2J',
    )
  })

  for (const [findings, verdict] of [
    [[], 'nothing blocks a move'],
    [[info], 'nothing blocks a move'],
    [[blocks], '1 of 1 finding blocks a move'],
    [[blocks, info], '1 of 2 findings blocks a move'],
    [[blocks, blocks], '2 of 2 findings block a move'],
  ] as const) {
    it(verdict, () => {
      expect(shown(findings).trimEnd().split('\n').at(-1)).to.equal(verdict)
    })
  }
})
