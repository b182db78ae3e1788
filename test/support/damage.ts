/** Damage to what a store has below a prefix, by a seed: the same seed, the same damage. */
import type { KeyValue, MetadataStore, WriteOp } from '../../lib/index.ts'

export async function below(store: MetadataStore, prefix: string): Promise<KeyValue[]> {
  const start = Buffer.from(prefix)
  const end = Buffer.from(prefix)
  end[end.length - 1]!++
  return [...(await store.range({ start, end })).kvs]
}

export const keyText = ({ key }: Pick<KeyValue, 'key'>): string => Buffer.from(key).toString()

/** Changes one thing. @returns what, for a test that fails */
export async function damageOne(
  store: MetadataStore,
  random: () => number,
  prefix: string,
): Promise<string> {
  const kindOf = (kv: KeyValue) => keyText(kv).slice(prefix.length).split('/')[1]
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const kvs = (await below(store, `${prefix}/`)).filter((kv) => kindOf(kv) !== 'p')
  const kinds = [...new Set(kvs.map(kindOf))]
  const kind = pick(kinds)
  const { key, value } = pick(kvs.filter((kv) => kindOf(kv) === kind))
  const how = pick(['flip', 'delete', 'cut', 'empty', 'format', 'foreign'] as const)
  const bytes = Buffer.from(value)
  const put = (changed: Uint8Array, at: Uint8Array = key): WriteOp => ({
    type: 'put',
    key: at,
    value: changed,
  })
  const op = ((): WriteOp => {
    switch (how) {
      case 'flip': {
        const at = Math.floor(random() * bytes.length)
        // What claims a newer format is no damage: see newer-format.test.ts.
        const isFormat = at === (kind === 'j' ? 0 : '{"f":'.length)
        bytes[at]! ^= isFormat ? 0x40 : 1 << Math.floor(random() * 8)
        return put(bytes)
      }
      case 'delete':
        return { type: 'delete', key }
      case 'cut':
        return put(bytes.subarray(0, Math.floor(random() * bytes.length)))
      case 'empty':
        return put(new Uint8Array())
      case 'format':
        return put(Buffer.from(String(bytes).replace('"f":1', '"f":0')))
      case 'foreign':
        return put(bytes, Buffer.concat([key, Buffer.from('/head')]))
    }
  })()
  await store.txn({ compares: [], ops: [op] })
  return `${how} ${keyText({ key })}`
}
