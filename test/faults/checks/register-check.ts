/**
 * Registers: znodes that only set() changes. A znode's version counts its writes, so versions order
 * them totally, and linearizability is: every write has a version of its own, above every version
 * that was complete when it was called, and a read after sync shows none below those.
 */
import type { LoadHistory } from './register-history.ts'
import type { Witness } from './witness.ts'

interface Register {
  /** The highest version that a finished operation has shown. */
  floor: number
  /** Who wrote what version shows. */
  readonly writes: Map<number, string>
  readonly ackedVersions: Set<number>
  /** When a finished operation first showed this version. */
  readonly shownMs: { readonly version: number; readonly ms: number }[]
  readonly versionOf: Map<string, number>
  readonly refused: Set<string>
  unknown: number
  readonly firstVersion: number
}

/** A call in progress. */
export interface RegisterCall {
  readonly path: string
  readonly floor: number
  readonly callMs: number
}

const shownKept = 4_000

export class RegisterCheck {
  readonly #witness: Witness
  readonly #history: LoadHistory | undefined
  readonly #registers = new Map<string, Register>()

  constructor(witness: Witness, history?: LoadHistory) {
    this.#witness = witness
    this.#history = history
  }

  /** The state before the first operation. */
  add(path: string, version: number, value: string): void {
    this.#registers.set(path, {
      floor: version,
      writes: new Map([[version, value]]),
      ackedVersions: new Set(),
      shownMs: [],
      versionOf: new Map([[value, version]]),
      refused: new Set(),
      unknown: 0,
      firstVersion: version,
    })
    const nowMs = performance.now()
    this.#history?.add({
      process: 'setup',
      path,
      op: 'write',
      value,
      version,
      nowMs,
      callMs: nowMs,
    })
  }

  get paths(): string[] {
    return [...this.#registers.keys()]
  }

  call(path: string): RegisterCall {
    return { path, floor: this.#of(path).floor, callMs: performance.now() }
  }

  /** @param expected of a set with a version. */
  written(
    call: RegisterCall,
    { process, value, version, expected }: WriteOutcome & { version: number },
  ): void {
    const register = this.#of(call.path)
    const text = `${process} wrote ${value} to ${call.path} as version ${version}`
    if (version <= call.floor) this.#bad('write behind a complete one', call, text)
    if (expected !== undefined && version !== expected + 1) {
      this.#bad('set with a version', call, `${text}, asked for one after ${expected}`)
    }
    if (register.ackedVersions.has(version)) this.#bad('one version twice', call, text)
    register.ackedVersions.add(version)
    this.#claim(call, register, version, value)
    this.#shown(register, version)
    this.#record(call, { process, op: expected === undefined ? 'write' : 'cas', value, version })
  }

  unknown(call: RegisterCall, { process, value, expected }: WriteOutcome): void {
    this.#of(call.path).unknown++
    const op = expected === undefined ? 'write' : 'cas'
    const version = expected === undefined ? undefined : expected + 1
    this.#record(call, { process, op, value, version, outcome: 'unknown' })
  }

  refused(call: RegisterCall, { process, value, expected }: WriteOutcome): void {
    const register = this.#of(call.path)
    register.refused.add(value)
    if (register.versionOf.has(value)) this.#bad('refused, yet seen', call, value)
    const op = expected === undefined ? 'write' : 'cas'
    const version = expected === undefined ? undefined : expected + 1
    this.#record(call, { process, op, value, version, outcome: 'fail' })
  }

  /** @param seen versions that this session has seen, by path. */
  read(
    call: RegisterCall,
    read: {
      process: string
      value: string
      version: number
      isSynced: boolean
      seen: Map<string, number>
    },
  ): void {
    const { process, value, version, isSynced, seen } = read
    const register = this.#of(call.path)
    const text = `${process} read version ${version} of ${call.path}`
    this.#claim(call, register, version, value)
    const last = seen.get(call.path) ?? -1
    if (version < last) this.#bad('session went back', call, `${text} after ${last}`)
    seen.set(call.path, Math.max(last, version))
    this.#witness.reads++
    if (isSynced) {
      if (version < call.floor) {
        this.#bad('stale read behind a sync', call, `${text}; ${call.floor} was complete before`)
      }
      this.#shown(register, version)
      this.#record(call, { process, op: 'read', value, version })
    } else this.#noteAge(register, version, call.callMs)
  }

  /** With nothing in progress: what must be so in the end. */
  atRest(path: string, version: number, value: string): void {
    const register = this.#of(path)
    const call = this.call(path)
    if (version < register.floor) {
      this.#bad('acknowledged write lost', call, `${path} has ${version}, was ${register.floor}`)
    }
    this.#claim(call, register, version, value)
    const unclaimed = version - register.firstVersion - register.ackedVersions.size
    if (unclaimed > register.unknown) {
      this.#bad(
        'a write happened twice',
        call,
        `${path}: ${unclaimed} versions nobody was answered for, ` +
          `${register.unknown} writes with unknown outcome`,
      )
    }
  }

  #of(path: string): Register {
    const register = this.#registers.get(path)
    if (register === undefined) throw new Error(`no register ${path}`)
    return register
  }

  #claim(call: RegisterCall, register: Register, version: number, value: string): void {
    const other = register.writes.get(version)
    const elsewhere = register.versionOf.get(value)
    if (other !== undefined && other !== value) {
      this.#bad('two values of one version', call, `version ${version}: ${other} and ${value}`)
    } else if (elsewhere !== undefined && elsewhere !== version) {
      this.#bad('a write happened twice', call, `${value} is version ${elsewhere} and ${version}`)
    } else if (register.refused.has(value)) this.#bad('refused, yet seen', call, value)
    register.writes.set(version, value)
    register.versionOf.set(value, version)
  }

  #shown(register: Register, version: number): void {
    if (version <= register.floor) return
    register.floor = version
    register.shownMs.push({ version, ms: performance.now() })
    if (register.shownMs.length > shownKept) register.shownMs.splice(0, shownKept / 2)
  }

  #noteAge(register: Register, version: number, callMs: number): void {
    // The earliest newer one that was complete before this read was called.
    let low = 0
    let high = register.shownMs.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (register.shownMs[middle]!.version > version) high = middle
      else low = middle + 1
    }
    const newer = register.shownMs[low]
    if (this.#witness.suspended || newer === undefined || newer.ms >= callMs) return
    this.#witness.staleMsMax = Math.max(this.#witness.staleMsMax, callMs - newer.ms)
  }

  #record(
    { path, callMs }: RegisterCall,
    entry: {
      process: string
      op: 'read' | 'write' | 'cas'
      value: string
      version: number | undefined
      outcome?: 'ok' | 'unknown' | 'fail'
    },
  ): void {
    this.#history?.add({ path, callMs, nowMs: performance.now(), ...entry })
  }

  #bad(kind: string, call: RegisterCall, text: string): void {
    this.#witness.violation(kind, `${text} (called at ${Math.round(call.callMs)})`)
  }
}

interface WriteOutcome {
  readonly process: string
  readonly value: string
  readonly expected?: number | undefined
}
