/** Files as data, ACLs, modes, and a znode with all below it: with the keyboard alone, and nothing that was not seen is changed. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Page, SerializedAXNode } from 'puppeteer-core'
import { requireOrSkip } from '../support/requirements.ts'
import { PageBench } from './page-bench.ts'
import { focusOn, go, press, shows } from './page-browser.ts'

describe('page/edit-more', function () {
  this.timeout(120_000)
  let bench: PageBench
  let folder: string

  before(async function () {
    requireOrSkip(this, 'chromium')
    bench = await PageBench.open({ canEdit: true, deletesMax: 10 })
    folder = await mkdtemp(join(tmpdir(), 'anykeeper-page-'))
  })
  after(async () => {
    await bench?.close()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })
  afterEach(() => expect(bench.problems).to.deep.equal([]))

  it('bytes of a file, as large as a client could write: saved, refused behind another version, and saved as a file', async () => {
    const { client } = bench
    await client.create('/file', { data: 'before' })
    const most = 0xfffff - 20 - '/file'.length
    const bytes = randomBytes(most)
    const [whole, larger] = [join(folder, 'whole.bin'), join(folder, 'larger.bin')]
    await writeFile(whole, bytes)
    await writeFile(larger, Buffer.alloc(most + 1))
    const page = await bench.tab('#/tree?path=/file')
    await choose(page, larger)
    await shows(page, /This file has 1,020 KiB; data has 1,020 KiB at most|at most\. Nothing/)
    await choose(page, whole)
    await shows(page, /The file whole\.bin with 1[\d.,]+ [KM]iB, instead of version 0/)
    await client.setData('/file', Buffer.from('theirs'))
    await press(page, 'Save')
    await shows(page, /Nothing was overwritten[\s\S]*what you chose for version 0/)
    expect((await client.getData('/file')).record.data?.toString()).to.equal('theirs')
    await press(page, 'Replace version 1 with this')
    await shows(page, /Saved\./)
    const { data } = (await client.getData('/file')).record
    expect(bytes.equals(data as Buffer)).to.equal(true)

    const session = await page.createCDPSession()
    const ended = new Promise<string>((resolve) => {
      session.on('Browser.downloadProgress', ({ state, guid }) => {
        if (state === 'completed') resolve(guid)
      })
    })
    const browserContextId = page.browserContext().id as string
    await session.send('Browser.setDownloadBehavior', {
      ...{ behavior: 'allowAndName', downloadPath: folder, eventsEnabled: true },
      browserContextId,
    })
    await press(page, 'Save as a file')
    expect(bytes.equals(await readFile(join(folder, await ended)))).to.equal(true)
    await page.close()
  })

  it('an ACL, entry by entry; one that changed meanwhile is shown, and the draft stays', async () => {
    const { client } = bench
    await client.create('/acl')
    const page = await bench.tab('#/tree?path=/acl')
    await press(page, 'Edit ACL')
    await shows(page, /New ACL, instead of aversion 0/)
    await press(page, 'Add an entry')
    await page.type('input[name=id]', 'bob:hash')
    await page.$$eval('.entry:last-of-type .perms input', (boxes) => {
      for (const box of boxes.slice(1)) (box as HTMLInputElement).click()
    })
    const theirs = [{ perms: 31, scheme: 'ip', id: '127.0.0.1' }]
    await client.setAcl('/acl', theirs)
    await press(page, 'Save the ACL')
    await shows(page, /Nothing was overwritten[\s\S]*below is aversion 1 as it is now/)
    await shows(page, /ip\s+127\.0\.0\.1\s+read, write, create, delete, admin/, 'table.acl')
    await press(page, 'Replace aversion 1 with this')
    await shows(page, /The ACL was saved\./)
    await shows(page, /digest\s+bob:…\s+read$/, 'table.acl')
    const { acl } = bench.served.keeper.replica.tree.get('/acl') ?? {}
    expect(acl?.map(({ perms, id }) => [id.scheme, id.id, perms])).to.deep.equal([
      ['world', 'anyone', 31],
      ['digest', 'bob:hash', 1],
    ])
    // Nothing is left of it: an empty one is none.
    await press(page, 'Edit ACL')
    for (let i = 0; i < 2; i++) await press(page, 'Remove')
    await shows(page, /Nobody but a super user could change this ACL again/)
    expect(
      await page.$eval('.acl-form .main', (one) => (one as HTMLButtonElement).disabled),
    ).to.equal(true)
    await page.close()
  })

  it('a znode with a number behind its name, then one with all below it, without a mouse', async () => {
    const { client } = bench
    await client.create('/jobs')
    const page = await bench.tab('#/tree?path=/jobs')
    await shows(page, /numChildren\s+0/)
    await focusOn(page, 'New child')
    await page.keyboard.press('Enter')
    await page.keyboard.type('job-')
    await page.keyboard.press('Tab')
    await page.keyboard.type('persistent, with')
    await focusOn(page, 'Create')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => location.hash === '#/tree?path=%2Fjobs%2Fjob-0000000000')
    await client.create('/jobs/job-0000000000/below')

    await go(page, '#/tree?path=/jobs')
    await shows(page, /numChildren\s+1/)
    await focusOn(page, 'Delete')
    await page.keyboard.press('Enter')
    await shows(page, /with all below it: 3 znodes/)
    await client.create('/jobs/another')
    await page.keyboard.type('3')
    await page.keyboard.press('Enter')
    await shows(page, /Nothing was deleted: it is 4 znodes by now/)
    await shows(page, /with all below it: 4 znodes/)
    await focusOn(page, 'count')
    await page.keyboard.type('4')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => location.hash === '#/tree?path=%2F')
    expect(bench.served.keeper.replica.tree.get('/jobs')).to.equal(undefined)
    await page.close()
  })

  it('more than may be deleted together is said before anything is', async () => {
    const { client } = bench
    await client.create('/many')
    for (let i = 0; i < 10; i++) await client.create(`/many/${i}`)
    const page = await bench.tab('#/tree?path=/many')
    await press(page, 'Delete')
    await shows(page, /More than 10 znodes: that is what is deleted together at most/)
    await page.focus('.confirm button')
    await page.keyboard.press('Escape')
    await page.waitForFunction(() => document.querySelector('.confirm') === null)
    // The focus is where it was before the form.
    expect(await page.evaluate(() => document.activeElement?.textContent)).to.equal('Delete')
    await page.close()
  })

  it('a znode that is gone is not shown as if it were there, but what was typed for it is', async () => {
    const { client } = bench
    await client.create('/gone', { data: 'was here' })
    const page = await bench.tab('#/tree?path=/gone')
    await shows(page, /^was here$/, 'pre')
    await press(page, 'Edit data')
    await page.type('.draft textarea', 'typed and ')
    await client.delete('/gone')
    await press(page, 'Read again')
    await shows(page, /There is no znode \/gone/)
    await shows(page, /New data, instead of version 0/)
    await press(page, 'Save')
    await shows(page, /There is no znode \/gone[\s\S]*There is no znode \/gone/)
    await press(page, 'Discard')
    await press(page, 'Read again')
    await page.waitForFunction(() => document.querySelector('.facts') === null)
    await page.close()
  })

  it('in a narrow dark window no form is wider than it, and each control has a name', async () => {
    await bench.client.create('/narrow')
    const page = await bench.tab('#/tree?path=/', { width: 360 })
    await page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: 'dark' },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ])
    await go(page, '#/tree?path=/narrow')
    for (const [button, selector] of [
      ['New child', '.new'],
      ['Delete', '.confirm'],
      ['Edit ACL', '.acl-form'],
    ] as const) {
      await press(page, button)
      await page.waitForSelector(selector)
      if (button === 'Edit ACL') await press(page, 'Add an entry')
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(wider, button).to.equal(0)
      expect(nameless(await page.accessibility.snapshot()), button).to.deep.equal([])
    }
    expect(await page.$eval('.row', (row) => getComputedStyle(row).transitionDuration)).to.equal(
      '0s',
    )
    await page.close()
  })

  const CONTROLS = ['button', 'textbox', 'combobox', 'checkbox', 'radio', 'link', 'spinbutton']

  /** Controls that a screen reader has no name for. */
  function nameless(node: SerializedAXNode | null): string[] {
    if (node === null) return []
    const own = CONTROLS.includes(node.role) && (node.name ?? '').trim() === '' ? [node.role] : []
    return [...own, ...(node.children ?? []).flatMap((child) => nameless(child))]
  }

  async function choose(page: Page, file: string): Promise<void> {
    const field = await page.waitForSelector('input[type=file]')
    await (field as Awaited<ReturnType<typeof page.$<'input'>>>)?.uploadFile(file)
  }
})
