/**
 * The register history of a run, judged by porcupine, which knows nothing of versions that order writes;
 * and whether it would find a stale read and a lost update, planted in the busiest register.
 * Neighbours: register-history.ts (writes it), test/linearizability (the checker), plant.ts.
 */
import { checkRegisters, type RegisterOp } from '../../linearizability/registers.ts'
import { busiestRegister, plantLostUpdate, plantStaleRead } from './plant.ts'
import { type HistoryLine, linesOf } from './register-history.ts'

export interface HistoryVerdict {
  readonly registers: number
  readonly operations: number
  readonly isLinearizable: boolean
  /** What the checker said. */
  readonly output: string
}

/**
 * Registers of a load whose history was lost are left out: nothing holds for them.
 * @param letter of the loads that are judged
 */
export function judgeHistory(text: string, letter = 'b'): HistoryVerdict {
  const registers = registersOf(linesOf(text).filter(({ key }) => key.startsWith(letter)))
  const ops = registers.flatMap(registerOps)
  const verdict = checkRegisters(ops)
  return { registers: registers.length, operations: ops.length, ...verdict }
}

export interface PlantVerdict {
  readonly staleReadFound: boolean
  readonly lostUpdateFound: boolean
}

export function judgePlanted(text: string): PlantVerdict {
  const history = busiestRegister(text)
  const isFound = (planted: readonly HistoryLine[]): boolean =>
    !checkRegisters(registerOps(planted)).isLinearizable
  return {
    staleReadFound: isFound(plantStaleRead(history)),
    lostUpdateFound: isFound(plantLostUpdate(history)),
  }
}

function registersOf(lines: readonly HistoryLine[]): HistoryLine[][] {
  const byKey = new Map<string, HistoryLine[]>()
  for (const line of lines) {
    const register = byKey.get(line.key)
    if (register === undefined) byKey.set(line.key, [line])
    else register.push(line)
  }
  return [...byKey.values()]
}

/**
 * The operations of one register, the first of which made it. A write without an answer may take effect at
 * any later time, and a checker that must try all of them never ends. So one whose value was read has the
 * version that the read showed, and was done by then; one for which no version is left was not done.
 */
export function registerOps(register: readonly HistoryLine[]): RegisterOp[] {
  const [made, ...others] = [...register].sort((a, b) => a.call_ns - b.call_ns)
  if (made === undefined) return []
  const seen = new Map<string, { version: number; byNs: number }>()
  const versions = new Set<number>([made.version ?? 0])
  for (const { op, outcome, value, version, return_ns } of others) {
    if (outcome !== 'ok' || version === null || return_ns === null) continue
    versions.add(version)
    if (op !== 'read') continue
    const before = seen.get(value)
    const byNs = Math.min(return_ns, before?.byNs ?? Number.POSITIVE_INFINITY)
    seen.set(value, { version, byNs })
  }
  const first = made.version ?? 0
  const hasGap = Math.max(...versions) - first + 1 > versions.size
  const ops: RegisterOp[] = [
    { ...ends(made), op: 'init', value: made.value, version: first, ok: true },
  ]
  for (const line of others) {
    const { op, outcome, value, version } = line
    const expected = op === 'cas' && version !== null ? { expected: version - 1 } : {}
    const common = { ...ends(line), op, value, ...expected }
    const shown = outcome === 'unknown' ? seen.get(value) : undefined
    if (shown !== undefined) {
      ops.push({ ...common, version: shown.version, ok: true, return: shown.byNs })
    } else if (outcome === 'unknown') {
      const isPossible = op === 'cas' && version !== null ? !versions.has(version) : hasGap
      if (isPossible) ops.push({ ...common, ok: true })
    } else if (outcome === 'ok') {
      ops.push({ ...common, ...(version === null ? {} : { version }), ok: true })
    } else if (op === 'cas') ops.push({ ...common, ok: false })
  }
  return ops
}

function ends({ process, key, call_ns, return_ns }: HistoryLine) {
  const known = return_ns === null ? {} : { return: return_ns }
  return { client: process, key, call: call_ns, ...known }
}
