/**
 * Kafka's znodes that say what its controllers and its migration are doing: bytes → values. Anything else than what Kafka
 * 0.11 to 3.9 writes there is described, never guessed at. Source: kafka.zk.ZkData. Neighbour: read.
 */
import type { SeenZnode } from '../source.ts'

/** One znode of Kafka. `broken`: `why` completes the sentence "/path …". */
export type Seen<T> =
  | { readonly kind: 'absent' }
  | { readonly kind: 'broken'; readonly why: string }
  | { readonly kind: 'known'; readonly value: T; readonly znode: SeenZnode }

export interface Controller {
  readonly id: number
  /** −1: a broker; else the epoch of the KRaft controller that has claimed the cluster. */
  readonly kraftEpoch: number
}

export interface Migration {
  /** −1: none has claimed the cluster yet. */
  readonly controllerId: number
  readonly controllerEpoch: number
  /** Above 0: the metadata were copied, and are written up to here. */
  readonly offset: number
}

export interface Registration {
  /** 5: inter.broker.protocol.version is 2.7 or later. */
  readonly version: number
}

export interface Topic {
  /** Replicas by partition. */
  readonly partitions: ReadonlyMap<string, readonly number[]>
}

const CHARACTERS_SHOWN = 40

class Problem extends Error {}

type Fields = Readonly<Record<string, unknown>>

export const decodeController = (znode: SeenZnode): Seen<Controller> =>
  decoded(znode, (text) => {
    const fields = versioned(text, [1, 2])
    // Brokers before 3.4 do not write it.
    const isOld = fields.kraftControllerEpoch === undefined
    const kraftEpoch = isOld ? -1 : whole(fields, 'kraftControllerEpoch')
    return { id: whole(fields, 'brokerid'), kraftEpoch }
  })

export const decodeEpoch = (znode: SeenZnode): Seen<number> =>
  decoded(znode, (text) => {
    if (!/^\d{1,10}$/.test(text)) throw new Problem(`is no number: ${shown(text)}`)
    return Number(text)
  })

export const decodeMigration = (znode: SeenZnode): Seen<Migration> =>
  decoded(znode, (text) => {
    const fields = versioned(text, [0])
    return {
      controllerId: whole(fields, 'kraft_controller_id'),
      controllerEpoch: whole(fields, 'kraft_controller_epoch'),
      offset: whole(fields, 'kraft_metadata_offset'),
    }
  })

export const decodeRegistration = (znode: SeenZnode): Seen<Registration> =>
  decoded(znode, (text) => ({ version: whole(versioned(text, [1, 2, 3, 4, 5]), 'version') }))

export const decodeClusterId = (znode: SeenZnode): Seen<string> =>
  decoded(znode, (text) => {
    const { id } = versioned(text, [1])
    // Of another form it is a trap of its own; what cannot be shown is none at all.
    if (typeof id === 'string' && /^[\x20-\x7e]{1,100}$/.test(id)) return id
    throw new Problem(`has no id: ${shown(text)}`)
  })

export const decodeTopic = (znode: SeenZnode): Seen<Topic> =>
  decoded(znode, (text) => {
    const { partitions } = versioned(text, [1, 2, 3])
    if (!isFields(partitions)) throw new Problem(`has no partitions: ${shown(text)}`)
    const entries = Object.entries(partitions).map(([partition, replicas]) => {
      if (!/^\d{1,10}$/.test(partition)) throw new Problem(`has a partition ${shown(partition)}`)
      if (!Array.isArray(replicas) || !replicas.every(Number.isSafeInteger)) {
        throw new Problem(`has no list of replicas for partition ${shown(partition)}`)
      }
      return [partition, replicas as number[]] as const
    })
    return { partitions: new Map(entries) }
  })

/** The epoch of the controller that wrote the state of a partition. */
export const decodePartitionEpoch = (znode: SeenZnode): Seen<number> =>
  decoded(znode, (text) => whole(versioned(text, [1]), 'controller_epoch'))

/** Names that have the form of an encrypted password in a dynamic configuration, which controllers must be able to read. */
export const decodeConfig = (znode: SeenZnode): Seen<Fields> =>
  decoded(znode, (text) => {
    const { config } = versioned(text, [1])
    if (!isFields(config)) throw new Problem(`has no config: ${shown(text)}`)
    return config
  })

function decoded<T>(znode: SeenZnode, parse: (text: string) => T): Seen<T> {
  try {
    if (znode.data === null || znode.data.length === 0) throw new Problem('has no data')
    const text = Buffer.from(znode.data).toString('utf8')
    return { kind: 'known', value: parse(text), znode }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return { kind: 'broken', why: error.message }
  }
}

function versioned(text: string, known: readonly number[]): Fields {
  let fields: unknown
  try {
    fields = JSON.parse(text)
  } catch {
    throw new Problem(`is not JSON: ${shown(text)}`)
  }
  if (!isFields(fields)) throw new Problem(`is not a JSON object: ${shown(text)}`)
  // The id of the cluster has its version as text.
  const version = Number(fields.version)
  if (fields.version === undefined || !known.includes(version)) {
    const given = shown(JSON.stringify(fields.version) ?? 'none')
    const range = known.length === 1 ? known[0] : `${known[0]} to ${known.at(-1)}`
    throw new Problem(`has version ${given}, and only ${range} is known`)
  }
  return fields
}

function whole(fields: Fields, name: string): number {
  const value = fields[name]
  if (Number.isSafeInteger(value)) return value as number
  throw new Problem(`has no number ${name}: ${shown(JSON.stringify(value) ?? 'it is absent')}`)
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Of bytes of others: in one line, short, and harmless on a terminal. */
function shown(text: string): string {
  const start = text.slice(0, CHARACTERS_SHOWN).replace(/[^\x20-\x7e]/g, '·')
  return start.length < text.length ? `${start}…` : start
}
