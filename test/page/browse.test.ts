/** The page shows what is there: znodes by the hundred thousand, data in every form, sessions, watches, numbers and changes. */
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import { PageBench, TOKEN } from './page-bench.ts'
import { focusOn, go, press, rowsOf, shows, textOf } from './page-browser.ts'

const CHILDREN = 100_000
const LARGE = 300_000

describe('page/browse', function () {
  this.timeout(120_000)
  let bench: PageBench

  before(async function () {
    requireOrSkip(this, 'chromium')
    bench = await PageBench.open()
    const { client } = bench
    await client.create('/many')
    for (let i = 0; i < CHILDREN; i += 1_000) {
      const names = Array.from({ length: 1_000 }, (_, j) => String(i + j).padStart(6, '0'))
      await client.multi(names.map((name) => ({ op: 1, path: `/many/${name}`, data: name })))
    }
    await client.create('/json', { data: '{"id":12345678901234567890,"list":[]}' })
    await client.create('/binary', { data: Buffer.from([0, 1, 0xfe, 0xff, 0x41]) })
    await client.create('/large', { data: 'ü'.repeat(LARGE / 2) })
    await client.create('/mine', { flags: 1 })
    await client.exists('/watched', true)
  })
  after(() => bench?.close())
  afterEach(() => expect(bench.problems).to.deep.equal([]))

  it('demands the token, keeps it for the tab, and forgets it on request', async () => {
    const page = await bench.tab('#/tree?path=/json', { isSignedOut: true })
    const enter = async (secret: string) => {
      await page.waitForSelector('input[name=secret]')
      await page.type('input[name=secret]', secret)
      await page.keyboard.press('Enter')
    }
    await enter('not-the-token')
    await shows(page, /The token is not the one of this server/)
    await enter(TOKEN)
    await shows(page, /"list": \[\]/)
    await shows(page, /\bready\b[\s\S]*zxid/)
    expect(await textOf(page, 'body')).to.not.match(/another version/)
    await page.evaluateOnNewDocument(olderTabWithSlowClock)
    await page.reload()
    await shows(page, /"list": \[\]/)
    await shows(page, /This page is of another version than the server/)
    await go(page, '#/health')
    await shows(page, /\bup\s+\d+ (s|min)\b/)
    await press(page, 'Sign out')
    await page.waitForSelector('input[name=secret]')
    await page.reload()
    await page.waitForSelector('input[name=secret]')
    expect(await page.cookies()).to.deep.equal([])
    await page.close()
  })

  it(`a znode with ${CHILDREN} children, page by page and from a name on`, async () => {
    const page = await bench.tab('#/tree?path=/many')
    await shows(page, /many\s+100,000/, '[role=tree]')
    await page.waitForSelector('[role=treeitem][aria-selected=true]')
    await page.focus('[role=treeitem][tabindex="0"]')
    await page.keyboard.press('ArrowRight')
    await shows(page, /000099[\s\S]*Next 100 of 100,000/, '[role=tree]')
    expect(await rowsOf(page)).to.have.length(1 + 6 + 100 + 1)
    await page.$$eval('.row.next', ([row]) => (row as HTMLElement).click())
    await shows(page, /000199/, '[role=tree]')
    expect(await rowsOf(page))
      .to.include.members(['000100', 'Previous 100'])
      .and.not.include('000099')
    await page.type('input[name=from]', '0543')
    await page.keyboard.press('Enter')
    await shows(page, /054399/, '[role=tree]')
    expect(await rowsOf(page)).to.include('054300')
    // A path that was entered is found on whatever page it is.
    await page.type('input[name=path]', '/many/099998')
    await page.keyboard.press('Enter')
    await shows(page, /\b099998\b/, 'pre')
    await page.waitForSelector('[role=treeitem][aria-selected=true]')
    expect(await rowsOf(page)).to.include.members(['099998', '099999'])
    await page.close()
  })

  it('data as JSON with its numbers as they are, as bytes, and in parts', async () => {
    const page = await bench.tab('#/tree?path=/json')
    await shows(page, /"id": 12345678901234567890/, 'pre.json')
    await page.click('input[value=text]')
    await shows(page, /^\{"id":12345678901234567890,"list":\[\]\}$/, 'pre.text')
    await go(page, '#/tree?path=/binary')
    await shows(page, /^00000000 {2}00 01 fe ff 41 +\.{4}A$/, 'pre.hex')
    await go(page, '#/tree?path=/large')
    await shows(page, /Bytes 0 to 65,536 of 293 KiB are shown/)
    await press(page, 'Next part')
    await shows(page, /Bytes 65,536 to 131,072 of 293 KiB are shown/)
    expect(await textOf(page, 'pre.text')).to.match(/^ü+$/)
    await go(page, '#/tree?path=/nothing')
    await shows(page, /There is no znode \/nothing/)
    await page.close()
  })

  it('sessions with their ephemerals, and watches', async () => {
    const id = `0x${BigInt.asUintN(64, bench.client.sessionId).toString(16)}`
    const page = await bench.tab('#/sessions')
    await shows(page, new RegExp(`${id}\\s+1\\s+30 s`), 'table')
    await page.$$eval('table a', (links) => (links[0] as HTMLElement).click())
    await shows(page, /Ephemerals[\s\S]*\/mine/)
    await page.$$eval('.paths a', (links) => (links[0] as HTMLElement).click())
    await shows(page, new RegExp(`ephemeralOwner\\s+${id}`))
    await go(page, '#/watches')
    await shows(page, new RegExp(`/watched\\s+data\\s+${id}`))
    await page.close()
  })

  it('charts move under load, and the feed shows each change', async () => {
    const page = await bench.tab('#/charts')
    let isLoaded = true
    const load = (async () => {
      for (let i = 0; isLoaded; i++) {
        await bench.client.setData('/json', Buffer.from(`{"round":${i}}`))
        await bench.client.getData('/json', false)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    })()
    const above = (name: string, least: number) =>
      page.waitForFunction(
        (at, low) =>
          Number(document.querySelector(`[data-series=${at}]`)?.textContent?.replace(',', '')) >
          low,
        {},
        ...[name, least],
      )
    await Promise.all([above('reads', 5), above('writes', 5), above('writeP99', 0)])
    expect(await page.$$('figure canvas')).to.have.length(6)
    await go(page, '#/changes?prefix=/json')
    await shows(page, /setData \/json \d+ B, version \d+/, '.feed')
    await press(page, 'Pause')
    await shows(page, /Continue/)
    const still = await textOf(page, '.feed')
    const seen = async () => Number(/([\d,]+) seen/.exec(await textOf(page))?.[1]?.replace(',', ''))
    const before = await seen()
    await page.waitForFunction(
      (low) => Number(/([\d,]+) seen/.exec(document.body.innerText)?.[1]?.replace(',', '')) > low,
      {},
      before + 20,
    )
    expect(await textOf(page, '.feed')).to.equal(still)
    isLoaded = false
    await load
    await go(page, '#/health')
    await shows(page, /clients are served[\s\S]*standalone[\s\S]*records to be written behind/)
    await page.close()
  })

  it('all of it with the keyboard alone', async () => {
    const page = await bench.tab('', { isSignedOut: true })
    await page.waitForSelector('input[name=secret]')
    await focusOn(page, 'secret')
    await page.keyboard.type(TOKEN)
    await page.keyboard.press('Enter')
    await page.waitForSelector('[role=treeitem]')
    await shows(page, /zookeeper/, '[role=tree]')
    await focusOn(page, 'treeitem')
    for (const key of ['Home', 'ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key)
    await page.waitForFunction(() => location.hash === '#/tree?path=%2Fjson')
    // What is read for it has arrived.
    await shows(page, /czxid/i, 'main')
    await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'treeitem')
    for (const key of ['End', 'ArrowRight']) await page.keyboard.press(key)
    await shows(page, /zookeeper[\s\S]*config[\s\S]*quota/, '[role=tree]')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => location.hash === '#/tree?path=%2Fzookeeper%2Fconfig')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowLeft')
    await page.waitForFunction(() => !document.body.innerText.includes('quota'))
    await focusOn(page, 'changes')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.feed')
    // The focus can be seen wherever it is.
    const outline = await page.evaluate(
      () => getComputedStyle(document.activeElement as Element).outlineStyle,
    )
    expect(outline).to.equal('solid')
    await page.close()
  })

  it('a window of 360 px needs no scrolling to the side', async () => {
    const page = await bench.tab('#/tree?path=/json', { width: 360 })
    for (const view of [
      'tree?path=/binary',
      'search?path=/many&name=000042',
      'sessions',
      'watches',
      'charts',
      'changes',
      'health',
    ]) {
      await go(page, `#/${view}`)
      await page.waitForSelector('main .pane h2')
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(wider, view).to.equal(0)
    }
    await page.close()
  })
})

/** In the browser: the files are of another version than the server, and the clock is a day slow. */
function olderTabWithSlowClock(): void {
  const { getAttribute } = Element.prototype
  Element.prototype.getAttribute = function (name) {
    return this.matches('meta[name="page"]') ? 'another' : getAttribute.call(this, name)
  }
  const { now } = Date
  Date.now = () => now() - 86_400_000
}
