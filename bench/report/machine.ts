/** Where it was measured: the lines above every table. */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { removeFolder, temporaryFolder } from '../../test/support/temp-folder.ts'
import { short } from './format.ts'
import { median } from './statistics.ts'

const SYNCS = 200
const SYNCED = Buffer.alloc(4096, 'x')

/** What one fdatasync of 4 KiB takes where the servers keep their data. Unit ms. */
export function syncFigures(): { p50: number; greatest: number } {
  const folder = temporaryFolder('bench-sync')
  const file = openSync(join(folder, 'data'), 'w')
  const ms: number[] = []
  for (let i = 0; i < SYNCS; i++) {
    writeSync(file, SYNCED)
    const startMs = performance.now()
    fdatasyncSync(file)
    ms.push(performance.now() - startMs)
  }
  closeSync(file)
  removeFolder(folder)
  return { p50: median(ms), greatest: Math.max(...ms) }
}

export interface Circumstances {
  /** Of the command line, without the program. */
  readonly args: readonly string[]
  readonly versions: readonly string[]
  /** Further lines. */
  readonly notes: readonly string[]
}

export function circumstances({ args, versions, notes }: Circumstances): string {
  const cores = cpus()
  const gib = Math.round(totalmem() / 2 ** 30)
  const { p50, greatest } = syncFigures()
  const command = ['npm run bench --', ...args].join(' ')
  return [
    `- Date: ${new Date().toISOString().slice(0, 10)}`,
    `- Machine: ${cores.length} × ${cores[0]?.model.trim() ?? 'unknown'}, ${gib} GiB, Linux ${release()}; load and servers share it`,
    `- Disk: fsync is on in every server; one of 4 KiB takes ${short(p50)} ms here (up to ${short(greatest)})`,
    `- Versions: ${versions.join('; ')}`,
    `- Command: \`${command}\``,
    ...notes.map((note) => `- ${note}`),
  ].join('\n')
}
