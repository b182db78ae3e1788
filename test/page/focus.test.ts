/**
 * The focus is never nowhere: whatever is done with the keyboard, and whatever others do meanwhile, no frame has it at the body. Each
 * view is gone through element by element, so what is added to one is looked at, too.
 */
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { Page } from 'puppeteer-core'
import { requireOrSkip } from '../support/requirements.ts'
import { PageBench } from './page-bench.ts'
import { go, press, shows } from './page-browser.ts'

const VIEWS = [
  ...['tree?path=/focus', 'sessions', 'watches?prefix=/w/1', 'charts', 'changes', 'health'],
  'search?path=/&name=o',
]
/** They lead out of the page, or end it. */
const LEAVING = /^(?:Sign out|Licences)/
/** One more than a page of a list has. */
const WATCHES = 101

describe('page/focus', function () {
  this.timeout(120_000)
  let bench: PageBench
  let token = 'a-token-of-this-test'

  before(async function () {
    requireOrSkip(this, 'chromium')
    bench = await PageBench.open({ canEdit: true, token: () => token })
    const { client } = bench
    await client.create('/focus', { data: '{"id":1}' })
    await client.create('/focus/below')
    for (let i = 0; i < WATCHES; i++) await client.exists(`/w/${i}`, true)
  })
  after(() => bench?.close())
  afterEach(() => expect(bench.problems).to.deep.equal([]))

  it('each element of each view, with the keys that it takes', async () => {
    const page = await watched(`#/${VIEWS[0]}`)
    const passed: string[] = []
    for (const view of VIEWS) {
      // What all views share is gone through once.
      const within = passed.length === 0 ? 'body' : 'main'
      await enter(page, view)
      const names = await stopsOf(page, within)
      await focusStop(page, 0, within)
      for (const [i, name] of names.entries()) {
        if (i > 0) await page.keyboard.press('Tab')
        expect(await focusedName(page), `${view}: Tab`).to.equal(name)
      }
      for (const [i, name] of names.entries()) {
        if (LEAVING.test(name)) continue
        await enter(page, view)
        for (const keys of await keysOf(page, i, within)) {
          await enter(page, view)
          await focusStop(page, i, within)
          expect(await focusedName(page), view).to.equal(name)
          await doing(page, `${view}, ${name}: ${keys.join(' ')}`)
          await typed(page, keys)
          await settled(page)
          passed.push(name)
        }
      }
    }
    const wanted = [
      'Go',
      'Reload',
      'List',
      'Edit data',
      'Read again',
      'Pause',
      'Watches',
      'Search again',
    ]
    expect(passed).to.include.members(wanted)
    expect(await lost(page)).to.deep.equal([])
    await page.close()
  })

  it('behind Create child it is at the row of the child, behind Delete at that of the parent', async () => {
    const page = await watched('#/tree?path=/focus')
    await focusAt(page, 'New child')
    await page.keyboard.press('Enter')
    await page.keyboard.type('new')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => location.hash === '#/tree?path=%2Ffocus%2Fnew')
    await isAtRow(page, 'new')
    await shows(page, /numChildren\s+0/)
    await focusAt(page, 'Delete')
    await page.keyboard.press('Enter')
    await shows(page, /Delete version 0/)
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => location.hash === '#/tree?path=%2Ffocus')
    await isAtRow(page, 'focus')
    expect(await lost(page)).to.deep.equal([])
    await page.close()
  })

  it('forms that are closed, saved, or refused give it back to what opened them, or to what is to be done now', async () => {
    const { client } = bench
    await client.create('/form', { data: 'one' })
    const page = await watched('#/tree?path=/form')
    const enter = async (what: string, at: string) => {
      await doing(page, what)
      await focusAt(page, what)
      await page.keyboard.press('Enter')
      await page.waitForFunction(
        (name) => (document.activeElement as HTMLElement).innerText.startsWith(name),
        {},
        at,
      )
    }
    await shows(page, /numChildren/)
    await enter('Edit ACL', 'New ACL')
    await enter('Discard', 'Edit ACL')
    await enter('New child', '')
    await page.keyboard.press('Escape')
    expect(await focusedName(page)).to.equal('New child')
    await focusAt(page, 'Edit data')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.draft textarea')
    await page.keyboard.type('mine')
    await client.setData('/form', Buffer.from('theirs'))
    await enter('Save', 'Replace version 1 with this')
    await page.keyboard.press('Enter')
    await shows(page, /Saved\./)
    expect(await focusedName(page)).to.equal('Edit data')
    expect(await lost(page)).to.deep.equal([])
    await page.close()
  })

  it('a list has a last page: the button stays where it is, and does nothing there', async () => {
    const page = await watched('#/watches')
    await shows(page, /\/w\/1\b/)
    await focusAt(page, 'Next')
    for (let i = 0; i < 2; i++) {
      await page.keyboard.press('Enter')
      await shows(page, /\/w\/99/)
      await settled(page)
      expect(await focusedName(page)).to.equal('Next')
    }
    await page.keyboard.down('Shift')
    await page.keyboard.press('Tab')
    await page.keyboard.up('Shift')
    await page.keyboard.press('Enter')
    await shows(page, /\/w\/0\b/)
    expect(await focusedName(page)).to.equal('Previous')
    expect(await lost(page)).to.deep.equal([])
    await page.close()
  })

  it('a znode that another deletes: whatever of it has the focus, its neighbour gets it', async () => {
    const { client } = bench
    const page = await watched('#/tree?path=/focus')
    await client.create('/gone', { data: 'here' })
    await enter(page, 'tree?path=/gone')
    const names = await stopsOf(page, '[aria-label=Znode]')
    expect(names).to.include.members(['Read again', 'Save as a file', 'Delete'])
    for (const [i, name] of names.entries()) {
      if (i > 0) await client.create('/gone', { data: 'here' })
      await enter(page, 'tree?path=/gone', true)
      await shows(page, /numChildren/)
      await focusStop(page, i, '[aria-label=Znode]')
      await doing(page, `${name} of one that is gone`)
      await client.delete('/gone')
      await press(page, 'Read again')
      await shows(page, /There is no znode \/gone/)
      await settled(page)
    }
    expect(await lost(page)).to.deep.equal([])
    await page.close()
  })

  it('a list that is emptied, a server that goes and comes back, other credentials, and signing in', async () => {
    const { client } = bench
    const page = await watched('#/changes')
    const setting = setInterval(() => void client.setData('/focus', Buffer.from('{"id":2}')), 100)
    await shows(page, /setData \/focus/, '.feed').finally(() => clearInterval(setting))
    await page.focus('.feed a')
    await doing(page, 'a feed that begins again')
    await page.$eval('input[type=checkbox]', (box) => (box as HTMLInputElement).click())
    await page.waitForFunction(() => document.querySelector('.feed a') === null)
    expect(await page.evaluate(() => document.activeElement?.className)).to.equal('feed')

    await client.create('/kept', { data: 'here' })
    await enter(page, 'tree?path=/kept')
    await shows(page, /numChildren/)
    await page.focus('.data-head button')
    await doing(page, 'a server that goes, and has not what was shown when it is back')
    await bench.leave()
    await shows(page, /cannot be reached/)
    await client.delete('/kept')
    await bench.comeBack(bench.served)
    await shows(page, /There is no znode \/kept/)
    expect(await focusedName(page)).to.equal('Read again')
    await doing(page, 'credentials that are not those of the server any more')
    token = 'another-token-of-this-test'
    await page.waitForSelector('input[name=secret]')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).to.equal('user')
    await doing(page, 'signing in')
    await page.keyboard.press('Tab')
    await page.keyboard.type(token)
    await page.keyboard.press('Enter')
    await page.waitForSelector('[role=treeitem]')
    expect(await page.evaluate(() => document.activeElement?.id)).to.equal('content')
    await doing(page, 'signing out')
    await focusAt(page, 'Sign out')
    await page.keyboard.press('Enter')
    await page.waitForSelector('input[name=secret]')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).to.equal('user')
    expect(await lost(page)).to.deep.equal([])
    await page.close()
  })

  /** A tab of which each frame is looked at, with the focus at its first element. */
  async function watched(hash: string): Promise<Page> {
    const page = await bench.tab(hash)
    await page.waitForSelector('main .pane h2')
    await page.evaluate(`(() => {
      Object.assign(window, { pending: 0, lost: [], doing: 'nothing' })
      const { fetch } = window
      window.fetch = async (url, init) => {
        if (/status|metrics|changes/.test(url)) return fetch(url, init)
        window.pending++
        return fetch(url, init).finally(() => window.pending--)
      }
      document.querySelector('.skip').focus()
      setInterval(() => {
        const { lost, doing } = window
        if (document.activeElement === document.body && !lost.includes(doing)) lost.push(doing)
      }, 10)
    })()`)
    await settled(page)
    return page
  }

  async function focusAt(page: Page, name: string): Promise<void> {
    const i = (await stopsOf(page)).indexOf(name)
    expect(i, name).to.be.at.least(0)
    await focusStop(page, i)
  }

  const lost = (page: Page) => page.evaluate('window.lost') as Promise<string[]>

  /** What is done from now on, for what is said when the focus is lost. */
  const doing = (page: Page, what: string) =>
    page.evaluate(`window.doing = ${JSON.stringify(what)}`)

  /** What was wanted is there: nothing is requested in three turns, one behind the other. */
  const settled = (page: Page) =>
    page.evaluate(`new Promise((resolve) => {
      let still = 0
      const look = () => {
        still = window.pending === 0 ? still + 1 : 0
        if (still > 3) resolve()
        else setTimeout(look, 10)
      }
      look()
    })`)

  /** The view without forms: where something else is shown, it is entered anew. */
  async function enter(page: Page, view: string, isAnew = false): Promise<void> {
    const isThere = await page.evaluate(`(() => {
      for (const one of document.querySelectorAll('button')) if (one.textContent === 'Discard') one.click()
      const isClosed = document.querySelector('.edit :is(.new, .confirm, .draft), [aria-pressed=true]') === null
      return isClosed && location.hash === '#/${view}'
    })()`)
    if (isThere && !isAnew) return
    await go(page, view === 'health' ? '#/charts' : '#/health')
    await settled(page)
    await go(page, `#/${view}`)
    await settled(page)
  }

  /** What Tab leads to, in its order. Of radio buttons it is the chosen one. */
  const STOPS = `(within) => [...document.querySelectorAll(
    'a[href], button:enabled, input:enabled, select, textarea, [tabindex="0"]'
  )].filter((one) => one.tabIndex >= 0 && one.closest(within) !== null && (one.type !== 'radio' || one.checked))`
  const NAME = `(one) => one.getAttribute('name') ?? one.getAttribute('role') ??
    one.getAttribute('aria-label')?.replace(/ as .*/, '') ?? one.innerText.trim()`

  const stopsOf = (page: Page, within = 'body') =>
    page.evaluate(`(${STOPS})('${within}').map(${NAME})`) as Promise<string[]>

  const focusStop = (page: Page, i: number, within = 'body') =>
    page.evaluate(`(${STOPS})('${within}')[${i}]?.focus()`)

  const focusedName = (page: Page) =>
    page.evaluate(`(${NAME})(document.activeElement)`) as Promise<string>

  /** Each entry is pressed one after the other. */
  async function keysOf(page: Page, i: number, within: string): Promise<string[][]> {
    const kind = await page.evaluate(
      `(() => { const one = (${STOPS})('${within}')[${i}]; return one?.getAttribute('role') ?? one?.type ?? one?.tagName })()`,
    )
    switch (kind) {
      case 'treeitem':
        return [
          ['ArrowRight', 'ArrowDown', 'Enter'],
          ['End', 'ArrowUp', 'ArrowLeft', 'Home', 'ArrowLeft', 'Space'],
        ]
      case 'checkbox':
      case 'radio':
        return [['Space'], ['ArrowDown']]
      case 'file':
        return [['file']]
      case 'text':
        return [['x', 'Enter']]
      default:
        return [['Enter']]
    }
  }

  async function typed(page: Page, keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      if (key !== 'file') {
        await page.keyboard.press(key as 'Enter')
        continue
      }
      const opened = page.waitForFileChooser()
      // As in look.test: without this answer the chooser may open before it is awaited.
      await page.evaluate(() => undefined)
      await page.keyboard.press('Enter')
      const chooser = await opened
      await chooser.accept([fileURLToPath(import.meta.url)])
      await page.waitForSelector('.draft')
    }
  }

  const isAtRow = (page: Page, name: string) =>
    page.waitForFunction(
      (wanted) => {
        const row = document.activeElement
        return (
          row?.getAttribute('role') === 'treeitem' &&
          row.querySelector('.name')?.textContent === wanted
        )
      },
      {},
      name,
    )
})
