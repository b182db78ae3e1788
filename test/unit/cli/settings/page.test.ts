/** The reference page says what the settings are. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { withTables } from '../../../../scripts/lib/configuration-page.ts'

describe('docs/configuration.md', () => {
  const page = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8')

  it('has the tables of the settings: npm run docs:configuration writes them', () => {
    expect(page).to.equal(withTables(page))
  })

  it('a page that is stale is found', () => {
    const stale = page.replace('| `tick-time <ms>` |', '| `tick-time <s>` |')
    expect(stale).to.not.equal(page)
    expect(withTables(stale)).to.equal(page)
    expect(() => withTables('# Settings')).to.throw('the page lacks <!-- settings -->')
  })
})
