/** What the page changes, and what it does not: nothing that was not seen is overwritten, and nothing that was typed is lost. */
import { expect } from 'chai'
import type { Page } from 'puppeteer-core'
import { requireOrSkip } from '../support/requirements.ts'
import { PageBench } from './page-bench.ts'
import { press, shows } from './page-browser.ts'

describe('page/edit', function () {
  this.timeout(120_000)
  let bench: PageBench

  before(async function () {
    requireOrSkip(this, 'chromium')
    bench = await PageBench.open({ canEdit: true })
  })
  after(() => bench?.close())
  afterEach(() => expect(bench.problems).to.deep.equal([]))

  it('saves what was typed; a version that was not seen is not overwritten, and the draft stays', async () => {
    const { client } = bench
    await client.create('/guarded', { data: 'one' })
    const page = await bench.tab('#/tree?path=/guarded')
    await edit(page, 'two')
    await press(page, 'Save')
    await shows(page, /Saved\./)
    await shows(page, /^two$/, 'pre')
    expect(await dataOf('/guarded')).to.equal('two')

    await edit(page, 'mine')
    await client.setData('/guarded', Buffer.from('theirs'))
    await press(page, 'Save')
    await shows(page, /version does not match[\s\S]*Nothing was overwritten[\s\S]*version 2/)
    await shows(page, /^theirs$/, 'pre')
    expect(await dataOf('/guarded')).to.equal('theirs')
    // Somewhere else and back again: what was typed is still there.
    await page.evaluate(() => {
      location.hash = '#/tree?path=/zookeeper'
    })
    await shows(page, /Stat/)
    await page.goBack()
    expect(await draftOf(page)).to.equal('mine')
    await press(page, 'Replace version 2 with this')
    await shows(page, /^mine$/, 'pre')
    expect(await dataOf('/guarded')).to.equal('mine')
    await page.close()
  })

  it('a znode that was deleted and created again has the same version, and is another one', async () => {
    const { client } = bench
    await client.create('/again', { data: 'first' })
    const page = await bench.tab('#/tree?path=/again')
    await edit(page, 'for the first')
    await client.delete('/again')
    await client.create('/again', { data: 'second' })
    await press(page, 'Save')
    await shows(page, /deleted and created again meanwhile/)
    expect(await dataOf('/again')).to.equal('second')
    expect(await draftOf(page)).to.equal('for the first')
    await page.close()
  })

  it('creates with the ACL of the parent, and deletes after a question; neither twice, nor with children', async () => {
    const { client } = bench
    const acl = [{ perms: 31, scheme: 'digest', id: 'a:b' }]
    await client.create('/parent', { acl })
    const page = await bench.tab('#/tree?path=/parent')
    await press(page, 'New child')
    await page.type('input[name=name]', 'chïld')
    await page.type('textarea[name=data]', 'x')
    await press(page, 'Create')
    await shows(page, /numChildren\s+0/)
    await shows(page, /chïld/, '[role=tree]')
    const { tree } = bench.served.keeper.replica
    expect(tree.get('/parent/chïld')?.acl).to.deep.equal(tree.get('/parent')?.acl)

    await page.evaluate(() => {
      location.hash = '#/tree?path=/parent'
    })
    await shows(page, /numChildren\s+1/)
    await page.evaluate(() => {
      location.hash = '#/tree?path=/parent/chïld'
    })
    await shows(page, /numChildren\s+0/)
    await press(page, 'Delete')
    await press(page, 'Yes, delete it')
    await page.waitForFunction(() => location.hash === '#/tree?path=%2Fparent')
    expect(tree.get('/parent/chïld')).to.equal(undefined)
    await page.close()
  })

  it('bytes, and line ends that a field for text would change, are not edited as text', async () => {
    const { client } = bench
    await client.create('/bytes', { data: Buffer.from([0xff, 0xfe]) })
    await client.create('/dos', { data: 'a\r\nb' })
    const page = await bench.tab('#/tree?path=/bytes')
    await shows(page, /Data that is no text is not edited here: replace it with a file/)
    await page.evaluate(() => {
      location.hash = '#/tree?path=/dos'
    })
    await shows(page, /Data with carriage returns is not edited here/)
    await page.close()
  })

  it('a server that goes away in between: nothing typed is lost, and it is shown when it is back', async () => {
    const { client } = bench
    await client.create('/kept', { data: 'before' })
    const page = await bench.tab('#/tree?path=/kept')
    await edit(page, 'typed before the end')
    await bench.leave()
    await press(page, 'Save')
    await shows(page, /cannot be reached\. It is not known whether this was changed/)
    await shows(page, /No answer since/)
    await client.setData('/kept', Buffer.from('meanwhile'))
    await bench.comeBack(bench.served)
    await page.waitForFunction(() => !document.body.innerText.includes('No answer since'))
    await shows(page, /^meanwhile$/, 'pre')
    expect(await draftOf(page)).to.equal('typed before the end')
    await page.close()
  })

  it('another server in its place is shown as what it is', async () => {
    const page = await bench.tab('#/health')
    await shows(page, /allowed \(--admin-edit\)/)
    const other = await bench.wire.serve()
    await bench.leave()
    await shows(page, /No answer since/)
    await bench.comeBack(other)
    await shows(page, new RegExp(other.keeper.proxy))
    await page.close()
  })

  async function edit(page: Page, text: string): Promise<void> {
    await press(page, 'Edit data')
    const field = await page.waitForSelector('.draft textarea')
    await field?.click({ count: 3 })
    await field?.type(text)
  }

  const draftOf = async (page: Page): Promise<string> => {
    const field = await page.waitForSelector('.draft textarea')
    return (await field?.evaluate((one) => (one as HTMLTextAreaElement).value)) ?? ''
  }

  const dataOf = async (path: string): Promise<string | undefined> =>
    (await bench.client.getData(path)).record.data?.toString()
})
