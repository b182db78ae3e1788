/** Lines of the shell: quotes, what is typed so far, and what must be typed for a name. */
import { expect } from 'chai'
import fc from 'fast-check'
import { resolvePath } from '../../../../cli/shell/paths.ts'
import { type Quote, quoted, wordsOf, wordsSoFar } from '../../../../cli/shell/words.ts'

describe('cli/shell/words', () => {
  const lines: [line: string, words: string[]][] = [
    ['  get   /a\t/b ', ['get', '/a', '/b']],
    [`set /a 'it"s' "it's"`, ['set', '/a', 'it"s', "it's"]],
    [`a\\ b "\\"\\t\\n\\r\\\\\\x" '\\n'`, ['a b', '"\t\n\r\\x', '\\n']],
    [`one"two"'three'`, ['onetwothree']],
    [`"" ''`, ['', '']],
    ['a\\', ['a']],
    ['', []],
  ]
  for (const [line, words] of lines) {
    it(`${JSON.stringify(line)}: ${words.length} words`, () => {
      expect(wordsOf(line)).to.deep.equal(words)
    })
  }

  it('an open quote is refused, and is known while it is typed', () => {
    expect(() => wordsOf('set /a "b c')).to.throw('the quote " is not closed')
    expect(wordsSoFar('set /a "b c').at(-1)).to.deep.equal({ text: 'b c', start: 7, open: '"' })
  })

  it('any name, typed as it is offered, is one word and that name', () => {
    // Controls are never offered.
    const name = fc
      .string({ unit: 'binary', minLength: 1 })
      .map((text) => text.replace(/\p{Cc}/gu, 'x'))
    fc.assert(
      fc.property(name, fc.constantFrom<Quote>('', "'", '"'), (text, open) => {
        expect(wordsOf(`get ${quoted(text, open)}${open}`)).to.deep.equal(['get', text])
      }),
    )
  })

  it('paths: relative ones, dots, and slashes at the end', () => {
    const cases: [current: string, path: string, is: string][] = [
      ['/', '', '/'],
      ['/a', '', '/a'],
      ['/a', 'b/c', '/a/b/c'],
      ['/a', '/b/', '/b'],
      ['/a/b', '../../../c', '/c'],
      ['/a', './/b/.', '/a/b'],
    ]
    for (const [current, path, is] of cases) expect(resolvePath(current, path)).to.equal(is)
  })
})
