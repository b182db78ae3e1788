/**
 * What could not be read when the tree was loaded, as an operator sees it: log lines, counts, and whether to serve.
 * Neighbours: tree/damage (the findings), keeper, session/proxy-registry (the other members).
 */
import type { Logger } from '../../base/log.ts'
import type { ProxyRecord } from '../../format/record.ts'
import { StoreError } from '../../model/errors.ts'
import type { Finding } from '../tree/damage.ts'
import type { Loaded } from '../tree/load.ts'

/** Findings that have a line of their own. */
const LINES_MAX = 20

/** Counts of the newest load. */
export interface QuarantineCounts {
  /** Records and journal entries that could not be used, and znodes without a record. */
  readonly findings: number
  /** Znodes that answer DATAINCONSISTENCY, of these. */
  readonly znodes: number
  /** Keys below the prefix that no proxy writes. */
  readonly foreignKeys: number
}

/**
 * Another member may have read what this load could not, and writes it again when it compares the records.
 * @throws {StoreError} STORE_UNAVAILABLE, retriable, as long as there is one
 */
export function leaveToWholePeers(
  { replica, damage, proxies }: Loaded,
  own: string,
  isWhole: (record: ProxyRecord) => boolean,
): void {
  if (replica.tree.unreadable.size === 0) return
  for (const [id, record] of proxies) {
    if (id === own || !isWhole(record)) continue
    throw new StoreError(
      'STORE_UNAVAILABLE',
      `${damage.summary}; proxy ${id} serves them, and writes them again when it compares the records (--record-check)`,
      { retriable: true },
    )
  }
}

export class Quarantine {
  #counts: QuarantineCounts = { findings: 0, znodes: 0, foreignKeys: 0 }
  readonly #logger: Logger
  readonly #prefix: string
  /** Foreign keys stay: they are named one time. */
  #foreignNamed = false

  constructor(logger: Logger, prefix: string) {
    this.#logger = logger
    this.#prefix = prefix
  }

  get counts(): QuarantineCounts {
    return this.#counts
  }

  /** This tree is served from now on. */
  serving({ replica, damage }: Loaded): void {
    const { findings, foreignCount, foreign } = damage
    const znodes = replica.tree.unreadable.size
    this.#counts = { findings: findings.length, znodes, foreignKeys: foreignCount }
    for (const { kind, key, text } of findings.slice(0, LINES_MAX)) {
      this.#logger.error({ kind, key }, `quarantined: ${text}`)
    }
    if (findings.length > 0) {
      this.#logger.error(
        { findings: findings.length, znodes },
        'the store is damaged: the rest is served, and what cannot be read answers DATAINCONSISTENCY. ' +
          'Stop all proxies and run `anykeeper repair`',
      )
    }
    if (foreignCount > 0 && !this.#foreignNamed) this.#nameForeign(foreign)
  }

  #nameForeign(foreign: readonly Finding[]): void {
    this.#foreignNamed = true
    this.#logger.warn(
      { keys: foreign.map(({ key }) => key) },
      `keys below ${this.#prefix}/ that no proxy of this tree writes: they are ignored and never deleted. Does ` +
        'another tree have a prefix below or above this one? Give each tree a prefix that is not below another’s',
    )
  }
}
