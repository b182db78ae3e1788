/**
 * Tabs of a real browser with the page in them. Whatever a test does, no request may leave the origin, no script but the page's own may
 * run, and nothing may be refused by the page's own policy: `problems` has what was seen of it.
 */
import puppeteer, { type Browser, type Page } from 'puppeteer-core'

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

export class PageBrowser {
  readonly problems: string[] = []
  readonly origin: string
  readonly #browser: Browser

  private constructor(origin: string, browser: Browser) {
    this.origin = origin
    this.#browser = browser
  }

  /** `origin`: of the admin port. */
  static async open(origin: string): Promise<PageBrowser> {
    const browser = await puppeteer.launch({
      executablePath: '/usr/bin/chromium',
      // Root has no sandbox, and a container little shared memory.
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--lang=en'],
    })
    return new PageBrowser(origin, browser)
  }

  /** A tab of its own at `hash`. */
  async tab(
    hash: string,
    token: string,
    { isSignedOut = false, width }: TabOptions = {},
  ): Promise<Page> {
    const context = await this.#browser.createBrowserContext()
    const page = await context.newPage()
    page.setDefaultTimeout(WAIT_MS)
    await page.setViewport({ ...SIZE, width: width ?? SIZE.width })
    this.#watch(page)
    if (!isSignedOut) {
      await page.evaluateOnNewDocument((secret) => {
        sessionStorage.setItem('anykeeper-credentials', `Bearer ${secret}`)
      }, token)
    }
    await page.goto(`${this.origin}/ui/${hash}`)
    return page
  }

  close(): Promise<void> {
    return this.#browser.close()
  }

  #watch(page: Page): void {
    page.on('request', (request) => {
      const url = request.url()
      // A file that is saved is one of the page's own.
      if (url.startsWith(`blob:${this.origin}/`)) return
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

/** Presses Tab until the focus is on a field of this name, an element of this role or type, or a link or button with this text. */
export async function focusOn(page: Page, what: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab')
    const names = await page.evaluate(() => {
      const one = document.activeElement as HTMLElement
      return [
        one.getAttribute('name'),
        one.getAttribute('role'),
        one.getAttribute('type'),
        one.textContent,
      ]
    })
    if (names.includes(what)) return
  }
  throw new Error(`Tab does not lead to ${what}`)
}
