/** What a quota allows, as the data of its zookeeper_limits says it. Source: ZooKeeper's StatsTrack. */
import type { ByteString } from './byte-string.ts'

/** −1: no such limit. */
export interface QuotaLimits {
  /** Soft limits: what goes beyond is logged and counted, not refused. */
  readonly count: number
  readonly bytes: number
  /** Hard limits: enforced, where that is on. Each counts instead of the soft one. */
  readonly countHardLimit: number
  readonly byteHardLimit: number
}

const INT64_MAX = 2n ** 63n - 1n

/** As Long.parseLong reads it; undefined where that throws. */
function parseLong(text: string): number | undefined {
  const [, sign, digits] = /^([+-]?)0*(\d{1,20})$/.exec(text) ?? []
  if (digits === undefined) return undefined
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits)
  return value > INT64_MAX || value < -INT64_MAX - 1n ? undefined : Number(value)
}

function withoutEmptyEnd(parts: string[]): string[] {
  let end = parts.length
  while (end > 0 && parts[end - 1] === '') end--
  return parts.slice(0, end)
}

/**
 * `count=1,bytes=2=;countHardLimit=3;byteHardLimit=4`: any of them in any order, the last one of a name counts.
 *
 * @returns undefined for what ZooKeeper cannot read
 */
export function parseQuota(data: ByteString | null): QuotaLimits | undefined {
  if (data === null) return undefined
  const limits = { count: -1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 }
  // Java's split drops empty parts at the end.
  for (const pair of withoutEmptyEnd(data.split(/[,;]+/))) {
    const [name, text] = withoutEmptyEnd(pair.split('='))
    if (name === undefined || text === undefined) return undefined
    const value = text === '' ? -1 : parseLong(text)
    if (value === undefined) return undefined
    if (Object.hasOwn(limits, name)) limits[name as keyof QuotaLimits] = value
  }
  return limits
}
