/** The numbers of mntr by name, as of the scrape in progress; of all workers together, where there are several. */
import type { ProxyHost } from '../../../host.ts'
import type { Metric } from '../../sum-metrics.ts'

const NONE: ReadonlyMap<string, number> = new Map()
const latest = new WeakMap<ProxyHost, ReadonlyMap<string, number>>()

/** Texts among them are left out. */
export function keepMntrValues(host: ProxyHost, list: readonly Metric[]): void {
  const values = new Map<string, number>()
  for (const [name, value] of list) {
    const number = Number(value)
    if (!Number.isNaN(number)) values.set(name, number)
  }
  latest.set(host, values)
}

export const mntrValues = (host: ProxyHost): ReadonlyMap<string, number> => latest.get(host) ?? NONE
