/** The page in a real browser, on a proxy and an admin port of this process. Neighbour: page-browser. */
import type { Page } from 'puppeteer-core'
import { AdminServer } from '../../proxy/admin/http/admin-server.ts'
import type { AdminOptions } from '../../proxy/admin/http/options.ts'
import type { RawClient } from '../support/raw-client.ts'
import { type Served, WireBench } from '../support/wire-bench.ts'
import { PageBrowser, type TabOptions } from './page-browser.ts'

export const TOKEN = 'a-token-of-this-test'
export class PageBench {
  readonly served: Served
  readonly client: RawClient
  readonly port: number
  readonly wire: WireBench
  readonly #options: Partial<AdminOptions>
  readonly #browser: PageBrowser
  #admin: AdminServer

  private constructor(parts: {
    readonly wire: WireBench
    readonly served: Served
    readonly client: RawClient
    readonly options: Partial<AdminOptions>
    readonly admin: AdminServer
    readonly browser: PageBrowser
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
    const browser = await PageBrowser.open(`http://127.0.0.1:${admin.port}`)
    return new PageBench({ wire, served, client, options: given, admin, browser })
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
    await this.#browser.close()
    await this.#admin.close()
    await this.wire.close()
  }
}
