/**
 * `npm run test:page-hunt -- [--znodes 1000000]`: the page on a wide tree, in Chromium: how long it takes until something is seen, what
 * it loads, and what the server's event loop does meanwhile. Prints a table; ends with 1 where something is not shown.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { CDPSession, Page } from 'puppeteer-core'
import { AnykeeperProcess } from '../support/anykeeper-process.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { go, PageBrowser, shows } from './page-browser.ts'

const TOKEN = 'a-token-of-this-hunt'
/** Znodes of one multi when the tree is made. */
const PER_MULTI = 1_000
const NAME_DIGITS = 7
/** How long records may be written behind, ms. */
const SETTLE_MS_MAX = 600_000

/** Times of GET /livez, one behind the other: what the event loop keeps waiting. Unit ms. */
class Prober {
  #times: number[] = []
  #isOver = false
  readonly #port: number
  #done: Promise<void> = Promise.resolve()

  constructor(port: number) {
    this.#port = port
  }

  start(): void {
    this.#done = (async () => {
      while (!this.#isOver) {
        const since = performance.now()
        await http(this.#port, '/livez', { timeoutMs: 60_000 })
        this.#times.push(performance.now() - since)
      }
    })()
  }

  /** What was measured since the last call. */
  take(): string {
    const times = this.#times.sort((a, b) => a - b)
    this.#times = []
    const at = (q: number) => Math.round(times[Math.floor(q * (times.length - 1))] ?? Number.NaN)
    return `${at(0.5)} / ${at(0.99)} / ${at(1)}`
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#done
  }
}

interface Step {
  readonly name: string
  act(page: Page): Promise<unknown>
}

const nameOf = (i: number): string => String(i).padStart(NAME_DIGITS, '0')

function stepsOf(most: number, some: number): readonly Step[] {
  const openWide = async (page: Page, path: string, last: RegExp) => {
    await go(page, `#/tree?path=${path}`)
    await page.waitForSelector('[role=treeitem][aria-selected=true]')
    await page.focus('[role=treeitem][tabindex="0"]')
    await page.keyboard.press('ArrowRight')
    await shows(page, last, '[role=tree]')
  }
  const field = async (page: Page, name: string, text: string) => {
    await page.$eval(`input[name=${name}]`, (one) => {
      ;(one as HTMLInputElement).value = ''
    })
    await page.type(`input[name=${name}]`, text)
    await page.keyboard.press('Enter')
  }
  const middle = nameOf(Math.floor(most / 2))
  return [
    {
      name: `opens a parent of ${some}`,
      act: (page) => openWide(page, '/some', /0000099[\s\S]*Next 100/),
    },
    {
      name: `opens a parent of ${most}`,
      act: (page) => openWide(page, '/wide', /0000099[\s\S]*Next 100/),
    },
    {
      name: 'its next page',
      act: async (page) => {
        await page.$$eval('.row.next', (rows) => (rows.at(-1) as HTMLElement).click())
        await shows(page, /0000199/, '[role=tree]')
      },
    },
    {
      name: `from ${middle} on`,
      act: async (page) => {
        await field(page, 'from', middle)
        await shows(page, new RegExp(middle), '[role=tree]')
      },
    },
    {
      name: 'a path that is entered',
      act: async (page) => {
        await field(page, 'path', `/wide/${nameOf(most - 1)}`)
        await shows(page, /Bytes|dataLength/, '.facts')
        await shows(page, new RegExp(nameOf(most - 1)), '[role=tree]')
      },
    },
    {
      name: 'a name that is not there',
      act: async (page) => {
        await go(page, '#/tree?path=/wide/none')
        await shows(page, /There is no znode \/wide\/none/)
      },
    },
    {
      name: `searches all for ${nameOf(most - 1)}`,
      act: (page) => search(page, '/', nameOf(most - 1), /1 found; [\d,]+ names looked at\./),
    },
    {
      name: `searches ${most} children for what none has`,
      act: (page) => search(page, '/wide', 'none', /0 found; [\d,]+ names looked at\./),
    },
    {
      name: 'searches them for what many have',
      act: (page) => search(page, '/wide', '99', /100 found, and there may be more/),
    },
    {
      name: 'its next page',
      act: async (page) => {
        await page.$$eval('.pager button:last-child', ([next]) => (next as HTMLElement).click())
        await page.waitForFunction(
          () => document.querySelector('.paths a')?.textContent !== '/wide/0000099',
        )
        await shows(page, /100 found, and there may be more/)
      },
    },
    { name: 'sessions', act: (page) => openView(page, 'sessions', /in all/) },
    { name: 'watches', act: (page) => openView(page, 'watches', /of the clients/) },
  ]
}

async function search(page: Page, path: string, name: string, text: RegExp): Promise<void> {
  await go(page, `#/search?${new URLSearchParams({ path, name })}`)
  await shows(page, text)
}

async function openView(page: Page, view: string, text: RegExp): Promise<void> {
  await go(page, `#/${view}`)
  await shows(page, text)
}

async function fill(port: number, parent: string, count: number): Promise<void> {
  const client = await RawClient.connect({ port, timeoutMs: 40_000 })
  await client.create(parent)
  const pending = new Set<Promise<unknown>>()
  for (let i = 0; i < count; i += PER_MULTI) {
    const length = Math.min(PER_MULTI, count - i)
    const ops = Array.from({ length }, (_, j) => ({
      ...{ op: 1 as const, path: `${parent}/${nameOf(i + j)}`, data: 'x' },
    }))
    const sent = client.multi(ops).finally(() => pending.delete(sent))
    pending.add(sent)
    if (pending.size >= 4) await Promise.race(pending)
  }
  await Promise.all(pending)
  client.destroy()
}

/** Until the records of what was created are written behind: that work is the filling's, and not the page's. */
async function settled(admin: number): Promise<void> {
  const untilMs = performance.now() + SETTLE_MS_MAX
  for (;;) {
    const { body } = await http(admin, '/metrics', { timeoutMs: 60_000 })
    if (/^anykeeper_backlog_keys 0$/m.test(body)) return
    if (performance.now() > untilMs) throw new Error('records are still written behind')
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { znodes: { type: 'string', default: '1000000' } } })
  const most = Number(values.znodes)
  const some = Math.ceil(most / 10)
  const folder = temporaryFolder('page-hunt')
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, TOKEN)
  const [port, admin] = [await freePort(), await freePort()]
  const args = ['--admin-listen', `127.0.0.1:${admin}`, '--admin-token-file', tokenFile]
  const nodeArgs = ['--max-old-space-size=4096']
  const server = await new AnykeeperProcess(port, { store: 'memory:', args, nodeArgs }).start()
  const prober = new Prober(admin)
  let browser: PageBrowser | undefined
  try {
    const sinceMs = performance.now()
    await fill(port, '/some', some)
    await fill(port, '/wide', most)
    console.log(`${most + some} znodes in ${Math.round((performance.now() - sinceMs) / 1000)} s`)
    await settled(admin)
    prober.start()
    browser = await PageBrowser.open(`http://127.0.0.1:${admin}`)
    prober.take()
    await measure(browser, prober, stepsOf(most, some))
  } finally {
    await prober.stop()
    await browser?.close()
    await server.kill()
    removeFolder(folder)
  }
  if (browser !== undefined && browser.problems.length > 0) throw new Error(browser.problems[0])
}

/** Bytes that came over the network since the last look. */
async function counted(page: Page): Promise<() => number> {
  const session: CDPSession = await page.createCDPSession()
  await session.send('Network.enable')
  let bytes = 0
  session.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength
  })
  return () => {
    const taken = bytes
    bytes = 0
    return taken
  }
}

async function measure(
  browser: PageBrowser,
  prober: Prober,
  steps: readonly Step[],
): Promise<void> {
  const line = (name: string, ms: number, bytes: number) =>
    console.log(`| ${name} | ${Math.round(ms)} | ${bytes} | ${prober.take()} |`)
  console.log('| step | ms | bytes | livez p50 / p99 / max, ms |\n|---|---|---|---|')
  const page = await browser.tab('', TOKEN)
  await shows(page, /some[\s\S]*wide/, '[role=tree]')
  const paint = await page.evaluate(() =>
    [
      performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
      performance.now(),
    ].concat(
      performance
        .getEntriesByType('resource')
        .reduce((sum, one) => sum + (one as PerformanceResourceTiming).transferSize, 0),
    ),
  )
  line('first text', paint[0] as number, paint[2] as number)
  line('the tree, from the request on', paint[1] as number, paint[2] as number)
  const bytes = await counted(page)
  for (const { name, act } of steps) {
    bytes()
    const sinceMs = performance.now()
    await act(page)
    line(name, performance.now() - sinceMs, bytes())
  }
}

await main()
