/** A disk of a few megabytes: a tmpfs, which needs root. */
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { removeFolder, temporaryFolder } from './temp-folder.ts'

export interface SmallDisk {
  readonly path: string
  readonly freeBytes: number
  resize(bytes: number): void
  /** Another program's file takes all that is left, but `leaveBytes`. Returns what removes it. */
  fill(leaveBytes?: number): () => void
  /** Idempotent. */
  remove(): void
}

/** Skips the test where no disk can be mounted, with the reason. */
export function smallDisk(context: { skip(): void }, bytes: number): SmallDisk {
  const path = temporaryFolder('small-disk')
  const options = (size: number): string[] => ['-t', 'tmpfs', '-o', `size=${size}`]
  const mounted = spawnSync('mount', [...options(bytes), 'anykeeper-test', path])
  if (mounted.status !== 0) {
    removeFolder(path)
    console.log(`      skipped: cannot mount a small disk: ${mounted.stderr ?? mounted.error}`)
    context.skip()
  }
  let isMounted = true
  let fillers = 0
  return {
    path,
    get freeBytes() {
      const { bavail, bsize } = statfsSync(path)
      return bavail * bsize
    },
    resize(size) {
      execFileSync('mount', ['-o', `remount,size=${size}`, path])
    },
    fill(leaveBytes = 0) {
      const filler = join(path, `filler-${++fillers}`)
      const file = openSync(filler, 'w')
      const bytes = this.freeBytes - leaveBytes
      const block = Buffer.alloc(4_096)
      for (let at = 0; at + block.length <= bytes; at += block.length) writeSync(file, block)
      fsyncSync(file)
      closeSync(file)
      return () => rmSync(filler)
    },
    remove() {
      if (isMounted) execFileSync('umount', [path])
      isMounted = false
      removeFolder(path)
    },
  }
}
