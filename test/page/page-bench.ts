/**
 * The page in a real browser, on a proxy and an admin port of this process. Whatever a test does, no request may leave the origin, no
 * script but the page's own may run, and nothing may be refused by the page's own policy: `problems` has what was seen of it.
 */
import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import { AdminServer } from '../../proxy/admin/http/admin-server.ts'
import type { AdminOptions } from '../../proxy/admin/http/options.ts'
import type { RawClient } from '../support/raw-client.ts'
import { type Served, WireBench } from '../support/wire-bench.ts'

export const TOKEN = 'a-token-of-this-test'
/** A machine under load may take its time. Unit ms. */
const WAIT_MS = 30_000
const SIZE = { width: 1_200, height: 900 }
/** Texts of the console about a server that is away, or refuses: they are no fault of the page. */
const EXPECTED = /Failed to load resource/

export interface TabOptions {
  /** No credentials are stored. */
  readonly isSignedOut?: boolean
  /** Of the window, px. */
  readonly width?: number
}

export class PageBench {
  readonly problems: string[] = []
  readonly served: Served
  readonly client: RawClient
  readonly port: number
  readonly wire: WireBench
  readonly #options: Partial<AdminOptions>
  readonly #browser: Browser
  #admin: AdminServer

  private constructor(parts: {
    readonly wire: WireBench
    readonly served: Served
    readonly client: RawClient
    readonly options: Partial<AdminOptions>
    readonly admin: AdminServer
    readonly browser: Browser
  }) {
    this.wire = parts.wire
    this.served = parts.served
    this.client = parts.client
    this.#options = parts.options
    this.#admin = parts.admin
    this.port = parts.admin.port
    this.#browser = parts.browser
  }

  static async open(options: Partial<AdminOptions> = {}): Promise<PageBench> {
    const wire = new WireBench()
    const served = await wire.serve()
    const given = { port: 0, token: () => TOKEN, ...options }
    const admin = await AdminServer.listen(given)
    await admin.attach(served.proxy)
    const client = await wire.connect(served, { timeoutMs: 30_000 })
    const browser = await puppeteer.launch({
      executablePath: '/usr/bin/chromium',
      // Root has no sandbox, and a container little shared memory.
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--lang=en'],
    })
    return new PageBench({ wire, served, client, options: given, admin, browser })
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** A tab of its own at `hash`, with the token of the server. */
  async tab(hash: string, { isSignedOut = false, width }: TabOptions = {}): Promise<Page> {
    const context = await this.#browser.createBrowserContext()
    const page = await context.newPage()
    page.setDefaultTimeout(WAIT_MS)
    await page.setViewport({ ...SIZE, width: width ?? SIZE.width })
    this.#watch(page)
    if (!isSignedOut) {
      await page.evaluateOnNewDocument((token) => {
        sessionStorage.setItem('anykeeper-credentials', `Bearer ${token}`)
      }, TOKEN)
    }
    await page.goto(`${this.origin}/ui/${hash}`)
    return page
  }

  /** The admin port is closed. */
  leave(): Promise<void> {
    return this.#admin.close()
  }

  /** It is open again where it was, for `served`. */
  async comeBack(served: Served): Promise<void> {
    this.#admin = await AdminServer.listen({ ...this.#options, port: this.port })
    await this.#admin.attach(served.proxy)
  }

  async close(): Promise<void> {
    await this.#browser.close()
    await this.#admin.close()
    await this.wire.close()
  }

  #watch(page: Page): void {
    page.on('request', (request) => {
      const url = request.url()
      if (!url.startsWith(`${this.origin}/`)) this.problems.push(`request to ${url}`)
    })
    page.on('dialog', (dialog) => {
      this.problems.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    page.on('pageerror', (error) => this.problems.push(`error: ${String(error)}`))
    page.on('console', (message) => {
      const text = message.text()
      if (message.type() === 'error' && !EXPECTED.test(text)) this.problems.push(`console: ${text}`)
    })
  }
}

/** Resolves when the text of the page, or of what `selector` finds first, matches. */
export async function shows(page: Page, text: RegExp, selector = 'body'): Promise<void> {
  const wanted = { source: text.source, flags: text.flags, selector }
  try {
    await page.waitForFunction(
      ({ source, flags, selector: at }) =>
        new RegExp(source, flags).test(document.querySelector<HTMLElement>(at)?.innerText ?? ''),
      {},
      wanted,
    )
  } catch (error) {
    const seen = await textOf(page, selector)
    throw new Error(`${text} is not shown in: ${seen.slice(0, 2_000)}`, { cause: error })
  }
}

/** What a reader sees. */
export const textOf = (page: Page, selector = 'body'): Promise<string> =>
  page.evaluate((at) => document.querySelector<HTMLElement>(at)?.innerText ?? '', selector)

/** Of the rows of the tree, in their order. */
export const rowsOf = (page: Page): Promise<string[]> =>
  page.$$eval('[role=treeitem]', (rows) =>
    rows.map((row) => row.querySelector('.name')?.textContent ?? row.textContent?.trim() ?? ''),
  )

/** Presses the button that has this text. */
export async function press(page: Page, text: string): Promise<void> {
  const button = await page.waitForSelector(`::-p-xpath(//button[normalize-space()="${text}"])`)
  await button?.evaluate((one) => (one as HTMLButtonElement).click())
}

/** To another view, as a link leads there. */
export const go = (page: Page, hash: string): Promise<void> =>
  page.evaluate((next) => {
    location.hash = next
  }, hash)

/** Presses Tab until the focus is on a field of this name, an element of this role, or a link or button with this text. */
export async function focusOn(page: Page, what: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab')
    const names = await page.evaluate(() => {
      const one = document.activeElement as HTMLElement
      return [one.getAttribute('name'), one.getAttribute('role'), one.textContent]
    })
    if (names.includes(what)) return
  }
  throw new Error(`Tab does not lead to ${what}`)
}
