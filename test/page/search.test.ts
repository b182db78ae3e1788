/** Names are found below a znode, page by page, while they are searched for and after the search was stopped. */
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import { PageBench } from './page-bench.ts'
import { focusOn, go, press, shows, textOf } from './page-browser.ts'

const TOPICS = 130

describe('page/search', function () {
  this.timeout(60_000)
  let bench: PageBench

  before(async function () {
    requireOrSkip(this, 'chromium')
    // A page takes several requests.
    bench = await PageBench.open({ searchNamesMax: 50 })
    const { client } = bench
    for (const path of ['/app', '/app/topics', '/other']) await client.create(path)
    for (let i = 0; i < TOPICS; i++) {
      const name = `t${String(i).padStart(3, '0')}`
      await client.multi([
        { op: 1, path: `/app/topics/${name}` },
        { op: 1, path: `/app/topics/${name}/Config` },
      ])
    }
    await client.create('/other/<b>(x.*)')
  })
  after(() => bench?.close())
  afterEach(() => expect(bench.problems).to.deep.equal([]))

  it('without a mouse: from the tree to what is found, page by page, and to its znode', async () => {
    const page = await bench.tab('#/tree?path=/app')
    await page.waitForSelector('[role=treeitem][aria-selected=true]')
    await focusOn(page, 'find')
    await page.keyboard.type('conf')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => location.hash === '#/search?path=%2Fapp&name=conf')
    await shows(page, /100 found, and there may be more; \d{3} names looked at\./)
    await shows(page, /t000\/Config[\s\S]*t099\/Config/, '.paths')
    await page.focus('.pager button:last-child')
    await page.keyboard.press('Enter')
    await shows(page, new RegExp(`${TOPICS - 100} found; \\d+ names looked at\\.`))
    expect(await textOf(page, '.paths')).to.match(
      /^\/app\/topics\/t100\/Config[\s\S]*t129\/Config$/,
    )
    await page.focus('.paths a')
    await page.keyboard.press('Enter')
    await shows(page, /numChildren\s+0/)
    await page.waitForFunction(
      () => location.hash === '#/tree?path=%2Fapp%2Ftopics%2Ft100%2FConfig',
    )
    await page.close()
  })

  it('what is typed is text, nothing that is not found is, and an error is said', async () => {
    const page = await bench.tab('#/search')
    await page.waitForSelector('input[name=name]')
    await page.type('input[name=name]', '<b>(X.*)')
    await page.keyboard.press('Enter')
    await shows(page, /1 found; \d+ names looked at\.\n+\/other\/<b>\(x\.\*\)/)
    await go(page, '#/search?path=/app&name=x.*')
    await shows(page, /0 found; 261 names looked at\./)
    await go(page, '#/search?path=/none&name=x')
    await shows(page, /There is no znode \/none/)
    await go(page, '#/search?path=/app&name=a/b')
    await shows(page, /A name has no "\/"/)
    await page.close()
  })

  it('a search that is stopped goes on where it was', async () => {
    const page = await bench.tab('#/health')
    await shows(page, /clients are served/)
    // Each answer of a search is held until it is released.
    await page.evaluate(`(() => {
      const { fetch } = window
      window.release = () => {}
      window.fetch = async (url, init) => {
        if (!/search/.test(url)) return fetch(url, init)
        await new Promise((resolve) => Object.assign(window, { release: resolve }))
        return fetch(url, init)
      }
    })()`)
    await go(page, '#/search?path=/app&name=t129')
    await shows(page, /0 found so far; 0 names looked at/)
    await page.evaluate('window.release()')
    await shows(page, /0 found so far; [1-9]\d* names/)
    const looked = /(\d+) names/.exec(await textOf(page, 'main'))?.[1]
    await press(page, 'Stop')
    await page.evaluate('window.release()')
    await shows(page, new RegExp(`0 found; ${looked} names looked at\\.`))
    await press(page, 'Search on')
    await page.evaluate('window.released = setInterval(() => window.release(), 10)')
    await shows(page, /1 found; 261 names looked at\.\n+\/app\/topics\/t129/)
    await page.close()
  })
})
