/** The page in a real browser, on a proxy and an admin port of this process. Neighbour: page-browser. */
import type { Page } from 'puppeteer-core'
import { AdminServer } from '../../proxy/admin/http/admin-server.ts'
import type { AdminOptions } from '../../proxy/admin/http/options.ts'
import type { RawClient } from '../support/raw-client.ts'
import { type Served, WireBench } from '../support/wire-bench.ts'
import { PageBrowser, type TabOptions } from './page-browser.ts'

export const TOKEN = 'a-token-of-this-test'
/** A raw client sends no pings of its own, and a test may take longer than its session would live. Unit ms. */
const PING_MS = 5_000

export class PageBench {
  readonly served: Served
  readonly client: RawClient
  readonly port: number
  readonly wire: WireBench
  readonly #options: Partial<AdminOptions>
  readonly #browser: PageBrowser
  readonly #pings: NodeJS.Timeout
  #admin: AdminServer

  private constructor(parts: {
    readonly wire: WireBench
    readonly served: Served
    readonly client: RawClient
    readonly pings: NodeJS.Timeout
    readonly options: Partial<AdminOptions>
    readonly admin: AdminServer
    readonly browser: PageBrowser
  }) {
    this.wire = parts.wire
    this.served = parts.served
    this.client = parts.client
    this.#pings = parts.pings
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
    const pings = setInterval(() => void client.ping().catch(() => {}), PING_MS)
    const browser = await PageBrowser.open(`http://127.0.0.1:${admin.port}`)
    return new PageBench({ wire, served, client, pings, options: given, admin, browser })
  }

  /** What was seen that may not be. */
  get problems(): string[] {
    return this.#browser.problems
  }

  get origin(): string {
    return this.#browser.origin
  }

  /** A tab of its own at `hash`, with the token of the server. */
  tab(hash: string, options: TabOptions = {}): Promise<Page> {
    return this.#browser.tab(hash, TOKEN, options)
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
    clearInterval(this.#pings)
    await this.#browser.close()
    await this.#admin.close()
    await this.wire.close()
  }
}
