/** A Stat for people, in zkCli's words, and for programs. */
import type { Stat } from '../../lib/index.ts'
import { hex } from './output.ts'

const time = (ms: number): string => {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString()
}

/** One line a field. */
export function statLines(stat: Stat): string[] {
  return [
    `cZxid = ${hex(stat.czxid)}`,
    `ctime = ${time(stat.ctime)}`,
    `mZxid = ${hex(stat.mzxid)}`,
    `mtime = ${time(stat.mtime)}`,
    `pZxid = ${hex(stat.pzxid)}`,
    `cversion = ${stat.cversion}`,
    `dataVersion = ${stat.version}`,
    `aclVersion = ${stat.aversion}`,
    `ephemeralOwner = ${hex(stat.ephemeralOwner)}`,
    `dataLength = ${stat.dataLength}`,
    `numChildren = ${stat.numChildren}`,
  ]
}

/** Zxids as numbers, times in ms, the owner as text: it has 64 bits. */
export function statJson(stat: Stat): Record<string, number | string> {
  const { ephemeralOwner, ...numbers } = stat
  return { ...numbers, ephemeralOwner: hex(ephemeralOwner) }
}
