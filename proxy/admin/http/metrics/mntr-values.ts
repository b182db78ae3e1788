/** The numbers of mntr by name. All families of one scrape ask for them: they are collected once in a turn of the event loop. */
import type { ProxyHost } from '../../../host.ts'
import { metrics } from '../../metrics.ts'

let listed: { readonly host: ProxyHost; readonly values: ReadonlyMap<string, number> } | undefined

export function mntrValues(host: ProxyHost): ReadonlyMap<string, number> {
  if (listed?.host === host) return listed.values
  const values = new Map<string, number>()
  for (const [name, value] of metrics(host)) {
    const number = Number(value)
    if (!Number.isNaN(number)) values.set(name, number)
  }
  listed = { host, values }
  queueMicrotask(() => {
    listed = undefined
  })
  return values
}
