/** How nouns look in the API's JSON. 64-bit ids are hexadecimal texts, as ZooKeeper prints them; bytes are base64. */
import type { Acl, ChangeRecord, Stat } from '../../../../lib/internal.ts'
import { hex } from '../../listing-words.ts'

export type Encoding = 'base64' | 'text'

export function shownStat(stat: Stat): object {
  return { ...stat, ephemeralOwner: hex(stat.ephemeralOwner) }
}

export const shownAcl = (acl: readonly Acl[]): object[] =>
  acl.map(({ perms, id: { scheme, id } }) => ({ perms, scheme, id }))

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** As text only if it is valid UTF-8. */
export function shownData(
  data: Uint8Array | null,
  wanted: Encoding,
): { readonly data: string | null; readonly encoding: Encoding } {
  if (data === null) return { data: null, encoding: wanted }
  if (wanted === 'text') {
    try {
      return { data: utf8.decode(data), encoding: 'text' }
    } catch {
      // It is shown as base64.
    }
  }
  return { data: Buffer.from(data).toString('base64'), encoding: 'base64' }
}

/** A record of the change feed. */
export function shownChange(record: ChangeRecord): string {
  return JSON.stringify(record, shown)
}

/** As JSON.stringify calls it: a Buffer has become something else by then, so it is looked up where it lies. */
function shown(this: Readonly<Record<string, unknown>>, name: string): unknown {
  const value = this[name]
  if (typeof value === 'bigint') return hex(value)
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}
