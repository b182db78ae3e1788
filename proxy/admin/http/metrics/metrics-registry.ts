/**
 * What /metrics shows, in prom-client's registry: Node's own metrics under prom-client's names, those of the admin port, and those
 * of the server as soon as there is one. Neighbours: provider-metrics, own-metrics, admin-server.
 */
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client'
import type { ProxyHost } from '../../../host.ts'
import { type Family, type Sample, single } from './family.ts'
import { ownMetrics } from './own-metrics.ts'
import { ADMIN_NAMES } from './own-names.ts'
import { providerMetrics } from './provider-metrics.ts'
import { Scraped } from './scraped.ts'

/** They list every open socket, in the middle of a turn of the event loop. The first is replaced by a count from aside. */
const SLOW = [
  'process_open_fds',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
  'nodejs_active_resources',
  'nodejs_active_resources_total',
]

export type AdminFacts = Readonly<Record<keyof typeof ADMIN_NAMES, () => number | undefined>>

export class MetricsRegistry {
  readonly #registry = new Registry()
  readonly #scraped = new Scraped()
  #host: ProxyHost | undefined
  /** The scrape in progress: those that come meanwhile get the same. */
  #scrape: Promise<string> | undefined

  constructor(facts: AdminFacts) {
    collectDefaultMetrics({ register: this.#registry })
    for (const name of SLOW) this.#registry.removeSingleMetric(name)
    for (const [name, [type, help]] of Object.entries(ADMIN_NAMES)) {
      this.#add(single(name, type, help, facts[name] as () => number | undefined))
    }
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  attach(host: ProxyHost): void {
    this.#host = host
    const scraped = this.#scraped
    for (const family of [...providerMetrics(host, scraped), ...ownMetrics(host, scraped)])
      this.#add(family)
    const open = () => host.descriptors.open
    this.#add(single('process_open_fds', 'gauge', 'Number of open file descriptors.', open))
    this.#addCollections()
  }

  text(): Promise<string> {
    this.#scrape ??= this.#text().finally(() => {
      this.#scrape = undefined
    })
    return this.#scrape
  }

  async #text(): Promise<string> {
    const host = this.#host
    if (host !== undefined) this.#scraped.keep(await host.allReports())
    // Of a summary that has seen nothing. prom-client writes it in another way than the format has it.
    return (await this.#registry.metrics()).replaceAll(/ Nan$/gm, ' NaN')
  }

  #add({ name, help, type, samples }: Family): void {
    const get = () => ({ name, help, type, values: samples(), aggregator: 'sum' })
    // The registry asks for no more than a name and this.
    this.#registry.registerMetric({ name, get } as unknown as Metric)
  }

  /** Garbage collections as the JVM's metrics name them, from prom-client's histogram. */
  #addCollections(): void {
    const source = this.#registry.getSingleMetric('nodejs_gc_duration_seconds')
    const name = 'jvm_gc_collection_seconds'
    const help = 'garbage collections of V8'
    const get = async () => {
      const { values = [] } = ((await source?.get()) ?? {}) as unknown as {
        values?: readonly (Sample & { readonly labels: { readonly kind?: string } })[]
      }
      const own = values.flatMap(({ metricName = '', labels, value }) => {
        const end = /_(?:sum|count)$/.exec(metricName)?.[0]
        if (end === undefined) return []
        return [{ metricName: name + end, labels: { gc: labels.kind ?? '' }, value }]
      })
      // Before the first one of a kind: a rate must begin at 0.
      for (const gc of ['minor', 'major']) {
        if (own.some(({ labels }) => labels.gc === gc)) continue
        for (const end of ['_sum', '_count']) {
          own.push({ metricName: name + end, labels: { gc }, value: 0 })
        }
      }
      return { name, help, type: 'summary', values: own, aggregator: 'sum' }
    }
    this.#registry.registerMetric({ name, get } as unknown as Metric)
  }
}
