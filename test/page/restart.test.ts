/** The page while its server is killed, stands still, or is without its store: it says so, and comes back by itself. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Page } from 'puppeteer-core'
import { AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { freePort } from '../support/free-port.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { PageBrowser, shows } from './page-browser.ts'

const TOKEN = 'a-token-of-this-test'
/** As long as a server stands still, ms. */
const STILL_MS = 10_000

describe('page/restart', function () {
  this.timeout(180_000)
  const closers: (() => unknown)[] = []
  let etcd: EtcdServer
  let tokenFile: string

  before(async function () {
    requireOrSkip(this, 'chromium')
    requireOrSkip(this, 'etcd')
    const folder = temporaryFolder('page')
    closers.push(() => removeFolder(folder))
    tokenFile = join(folder, 'token')
    writeFileSync(tokenFile, TOKEN)
    etcd = await startEtcd()
    closers.push(() => etcd.stop())
  })
  afterEach(async () => {
    for (const close of closers.splice(2).reverse()) await close()
  })
  after(async () => {
    for (const close of closers.reverse()) await close()
  })

  /** A server with an admin port, and a browser at it. */
  async function serve(store: string): Promise<{ server: AnykeeperProcess; browser: PageBrowser }> {
    const [port, admin] = [await freePort(), await freePort()]
    const args = ['--admin-listen', `127.0.0.1:${admin}`, '--admin-token-file', tokenFile]
    const server = await new AnykeeperProcess(port, { store, args }).start()
    closers.push(() => server.kill())
    const browser = await PageBrowser.open(`http://127.0.0.1:${admin}`)
    closers.push(() => browser.close())
    return { server, browser }
  }

  it('killed, standing still for ten seconds, and without etcd', async () => {
    const store = `etcd://${etcd.host}`
    const { server, browser } = await serve(store)
    const other = await startAnykeeper({ store })
    closers.push(() => other.kill())
    const client = await RawClient.connect({ port: other.port, timeoutMs: 30_000 })
    closers.push(() => client.destroy())
    await client.create('/a', { data: 'first' })
    const tab = (hash: string) => browser.tab(hash, TOKEN)
    const [tree, changes, charts] = await Promise.all(
      ['#/tree?path=/a', '#/changes?prefix=/a', '#/charts'].map(tab) as [
        Promise<Page>,
        Promise<Page>,
        Promise<Page>,
      ],
    )
    const tabs = [tree, changes, charts]
    const all = (run: (page: Page) => Promise<unknown>) => Promise.all(tabs.map(run))
    await shows(tree, /^first$/, 'pre')
    await client.setData('/a', Buffer.from('seen'))
    await shows(changes, /setData \/a 4 B, version 1/, '.feed')
    await shows(charts, /connections\s+\d/)

    await server.kill()
    await all((page) => shows(page, /cannot be reached\. No answer since/))
    await client.setData('/a', Buffer.from('while it was away'))
    await server.start()
    await all(isBack)
    await shows(tree, /^while it was away$/, 'pre')
    await shows(changes, /setData \/a 17 B, version 2[\s\S]*version 1/, '.feed')
    expect(await changes.$('.feed .trouble')).to.equal(null)
    const gaps = await moreGapsThan(charts, 0)

    server.child.signal('SIGSTOP')
    const stillSinceMs = Date.now()
    await all((page) => shows(page, /did not answer in time\. No answer since/))
    await client.setData('/a', Buffer.from('while it stood still'))
    await tree.waitForFunction((until) => Date.now() > until, {}, stillSinceMs + STILL_MS)
    server.child.signal('SIGCONT')
    await all(isBack)
    await shows(tree, /^while it stood still$/, 'pre')
    await shows(changes, /setData \/a 20 B, version 3[\s\S]*version 2/, '.feed')
    await moreGapsThan(charts, gaps)

    etcd.signal('SIGSTOP')
    await all((page) =>
      shows(page, /This server serves nobody: .*may be older than what is stored/),
    )
    await shows(tree, /not ready/, '.status')
    etcd.signal('SIGCONT')
    await all(isBack)
    await shows(tree, /\bready/, '.status')
    expect(browser.problems).to.deep.equal([])
  })

  it('changes that cannot be had any more are missed where they were, and the list says so', async () => {
    const { server, browser } = await serve('memory:')
    const changes = await browser.tab('#/changes', TOKEN)
    let client = await RawClient.connect({ port: server.port, timeoutMs: 30_000 })
    const make = async (path: string) => {
      await client.create(path)
      await shows(changes, new RegExp(`create ${path}`), '.feed')
    }
    await shows(changes, /0 seen since this page was opened/)
    // The feed begins in a moment that nothing shows: its first change is made until it is seen.
    await client.create('/early')
    const early = setInterval(() => void client.setData('/early', Buffer.from('')), 200)
    await shows(changes, /setData \/early/, '.feed').finally(() => clearInterval(early))
    await make('/before')
    client.destroy()
    await server.kill()
    await shows(changes, /No answer since/)
    await server.start()
    await isBack(changes)
    await shows(changes, /Changes were missed here[\s\S]*create \/before/, '.feed')
    client = await RawClient.connect({ port: server.port, timeoutMs: 30_000 })
    await make('/after')
    await shows(changes, /create \/after[\s\S]*Changes were missed here[\s\S]*\/before/, '.feed')
    client.destroy()
    expect(browser.problems).to.deep.equal([])
  })

  /** A machine under load may make gaps of its own. @returns how many there are */
  async function moreGapsThan(page: Page, least: number): Promise<number> {
    const seen = await page.waitForFunction(
      (low) => {
        const label = document.querySelector('[role=img]')?.getAttribute('aria-label') ?? ''
        const count = Number(/with (\d+) gap/.exec(label)?.[1] ?? 0)
        return count > low ? count : false
      },
      {},
      least,
    )
    return Number(await seen.jsonValue())
  }

  const isBack = (page: Page) =>
    page.waitForFunction(() => document.querySelector('.alerts')?.textContent === '')
})
