/** What the page looks like and where its focus is: contrast of all text, light and dark; a tree that changes, forms without a mouse. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { Page } from 'puppeteer-core'
import { requireOrSkip } from '../support/requirements.ts'
import { dimTexts } from './contrast.ts'
import { PageBench } from './page-bench.ts'
import { focusOn, go, press, shows } from './page-browser.ts'

/** Changes of the tree under a focused row. */
const ROUNDS = 20

describe('page/look', function () {
  this.timeout(60_000)
  let bench: PageBench

  before(async function () {
    requireOrSkip(this, 'chromium')
    bench = await PageBench.open({ canEdit: true })
    const { client } = bench
    await client.create('/json', { data: '{"id":1}' })
    await client.create('/mine', { flags: 1 })
    await client.create('/row')
    await client.create('/row/below')
    await client.exists('/watched', true)
  })
  after(() => bench?.close())
  afterEach(() => expect(bench.problems).to.deep.equal([]))

  it('all text can be read, light and dark: WCAG AA', async () => {
    const page = await bench.tab('#/tree?path=/json')
    const dim: string[] = []
    const look = async (what: string) => {
      for (const value of ['light', 'dark']) {
        await page.emulateMediaFeatures([
          { name: 'prefers-color-scheme', value },
          { name: 'prefers-reduced-motion', value: 'reduce' },
        ])
        dim.push(...(await dimTexts(page)).map((text) => `${what}, ${value}: ${text}`))
      }
    }
    await shows(page, /"id": 1/)
    await look('znode')
    for (const [button, shown, away] of [
      ['Edit data', /New data/, 'Discard'],
      ['Edit ACL', /New ACL/, 'Discard'],
      ['New child', /With the ACL of its parent/, 'Cancel'],
      ['Delete', /Delete version/, 'Cancel'],
    ] as const) {
      await press(page, button)
      await shows(page, shown)
      if (button === 'Edit data') {
        await bench.client.setData('/json', Buffer.from('{"id":2}'))
        await press(page, 'Save')
        await shows(page, /Nothing was overwritten/)
      }
      await look(button)
      await press(page, away)
    }
    await go(page, '#/tree?path=/none')
    await shows(page, /There is no znode/)
    await look('none')
    for (const [view, shown] of [
      ['search?path=/&name=o', /\d found; \d+ names looked at\./],
      ['sessions', /SESSION|0x/i],
      ['watches', /watched/],
      ['charts', /connections\s+\d/],
      ['changes', /seen since/],
      ['health', /clients are served/],
    ] as const) {
      await go(page, `#/${view}`)
      await shows(page, shown, 'main')
      if (view === 'changes') {
        await bench.client.create('/change')
        await bench.client.delete('/change')
      }
      await look(view)
    }
    await bench.leave()
    await shows(page, /cannot be reached/)
    await look('away')
    await bench.comeBack(bench.served)
    await press(page, 'Sign out')
    await page.waitForSelector('input[name=secret]')
    await look('sign in')
    expect(dim).to.deep.equal([])
    await page.close()
  })

  it(`a focused row keeps the focus while the tree changes ${ROUNDS} times, and its neighbour gets it when it goes`, async () => {
    const { client } = bench
    const page = await bench.tab('#/tree?path=/row')
    await page.waitForSelector('[role=treeitem][aria-selected=true]')
    await page.focus('[role=treeitem][aria-selected=true]')
    const names = ['a', 'b', 'rov', 'rox', 'y', 'z']
    const lost: string[] = []
    for (let i = 0; i < ROUNDS; i++) {
      // Each time another part of them comes, and the others go, before and behind the row.
      for (const [bit, name] of names.entries()) {
        const isWanted = ((i * 37) >> bit) % 2 === 1
        if (isWanted === (bench.served.keeper.replica.tree.get(`/${name}`) !== undefined)) continue
        await (isWanted ? client.create(`/${name}`) : client.delete(`/${name}`))
      }
      await client.create(`/round-${i}`)
      if (i > 0) await client.delete(`/round-${i - 1}`)
      await press(page, 'Reload')
      await shows(page, new RegExp(`^round-${i}$`, 'm'), '[role=tree]')
      const at = await focusedRow(page)
      if (at !== 'row') lost.push(`${i}: ${at}`)
    }
    expect(lost).to.deep.equal([])
    await client.delete('/row/below')
    await client.delete('/row')
    await press(page, 'Reload')
    await page.waitForFunction(() => !/^row$/m.test(document.body.innerText))
    expect(await focusedRow(page)).to.be.oneOf(['rox', 'y', 'z', 'watched', 'zookeeper'])
    await page.keyboard.press('Home')
    expect(await focusedRow(page)).to.equal('/')
    await page.close()
  })

  it('an ACL and the bytes of a file with the keyboard alone, and the focus is never nowhere', async () => {
    const { client } = bench
    await client.create('/keys', { data: 'before' })
    const page = await bench.tab('#/tree?path=/keys')
    await shows(page, /numChildren/)
    const enter = async (what: string, shown: RegExp) => {
      await focusOn(page, what)
      await page.keyboard.press('Enter')
      await shows(page, shown)
      expect(await page.evaluate(() => document.activeElement?.tagName), what).to.not.equal('BODY')
    }
    await enter('Edit ACL', /New ACL, instead of aversion 0/)
    await enter('Add an entry', /Entry 2/)
    // The new entry has the focus: its scheme, then its id.
    for (const text of ['ip', '127.0.0.1']) {
      await page.keyboard.down('Control')
      await page.keyboard.press('a')
      await page.keyboard.up('Control')
      await page.keyboard.type(text)
      await page.keyboard.press('Tab')
    }
    // From "read" of the second entry to "write", which is taken away.
    await page.keyboard.press('Tab')
    await page.keyboard.press('Space')
    await enter('Add an entry', /Entry 3/)
    await enter('Remove', /Entry 2/)
    await page.waitForFunction(() => !document.body.innerText.includes('Entry 3'))
    await client.setAcl('/keys', [{ perms: 31, scheme: 'world', id: 'anyone' }])
    await enter('Save the ACL', /Nothing was overwritten/)
    await enter('Replace aversion 1 with this', /The ACL was saved/)
    const { acl } = bench.served.keeper.replica.tree.get('/keys') ?? {}
    expect(acl?.map(({ perms, id }) => [id.scheme, id.id, perms])).to.deep.equal([
      ['world', 'anyone', 31],
      ['ip', '127.0.0.1', 29],
    ])

    await focusOn(page, 'file')
    const opened = page.waitForFileChooser()
    // Chromium handles input before commands: without this answer the chooser may open before it is awaited.
    await page.evaluate(() => undefined)
    await page.keyboard.press('Enter')
    const chooser = await opened
    await chooser.accept([fileURLToPath(import.meta.url)])
    await shows(page, /The file look\.test\.ts with/)
    await client.setData('/keys', Buffer.from('theirs'))
    await enter('Save', /Nothing was overwritten/)
    await enter('Replace version 1 with this', /Saved\./)
    const { data } = (await client.getData('/keys')).record
    expect(data?.equals(readFileSync(fileURLToPath(import.meta.url)))).to.equal(true)
    await page.close()
  })

  /** The name in the row that has the focus; undefined: none has. */
  const focusedRow = (page: Page): Promise<string | undefined> =>
    page.evaluate(() => {
      const row = document.activeElement
      if (row?.getAttribute('role') !== 'treeitem') return undefined
      return row.querySelector('.name')?.textContent ?? undefined
    })
})
