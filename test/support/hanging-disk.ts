/**
 * A disk that completes no write while it hangs, as one behind a storage network that is away: reads are served, and so is what is
 * written to memory alone. A file system on a loop device, whose writes the kernel holds back for one process.
 */
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { removeFolder, temporaryFolder } from './temp-folder.ts'

const CONTROLLER = '/sys/fs/cgroup/blkio'
/** A second for each byte: nothing of a block. */
const HELD = 1
const FREE = 0

export interface HangingDisk {
  readonly path: string
  /** From now on the writes of this process, and of what it starts, hang. */
  hang(pid: number): void
  /** They complete. */
  release(): void
  /** As a snapshot does it: whoever writes is stopped by the kernel, also who writes to mapped memory. */
  freeze(): void
  /** The command of a shell that ends it. */
  readonly thawCommand: string
  thaw(): void
  /** Idempotent. Nobody may use it any more. */
  remove(): void
}

const BOUNDS = ['bps', 'iops'].map((unit) => `blkio.throttle.write_${unit}_device`)

/** It needs root, loop devices and the first version of blkio: a kernel has them or not, and nothing can be installed. */
export const canHang = (): boolean =>
  process.getuid?.() === 0 &&
  existsSync('/dev/loop-control') &&
  BOUNDS.every((name) => existsSync(join(CONTROLLER, name)))

/** Only where {@link canHang}. */
export function hangingDisk(bytes: number): HangingDisk {
  const folder = temporaryFolder('hanging-disk')
  const path = join(folder, 'disk')
  const image = join(folder, 'image')
  mkdirSync(path)
  writeFileSync(image, '')
  truncateSync(image, bytes)
  execFileSync('mkfs.ext4', ['-q', '-F', image])
  execFileSync('mount', ['-o', 'loop', image, path])
  const unmount = (): void => void execFileSync('umount', [path])
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  const [source] = mounts.find((line) => line.split(' ')[1] === path)!.split(' ')
  const device = readFileSync(`/sys/class/block/${basename(source!)}/dev`, 'utf8').trim()
  const group = join(CONTROLLER, basename(folder))
  mkdirSync(group)
  const bound = (value: number): void => {
    for (const name of BOUNDS) writeFileSync(join(group, name), `${device} ${value}`)
  }
  let isMounted = true
  return {
    path,
    hang(pid) {
      writeFileSync(join(group, 'cgroup.procs'), `${pid}`)
      bound(HELD)
    },
    release: () => bound(FREE),
    freeze: () => void execFileSync('fsfreeze', ['--freeze', path]),
    thawCommand: `fsfreeze --unfreeze '${path}'`,
    thaw: () => void execFileSync('fsfreeze', ['--unfreeze', path]),
    remove() {
      if (!isMounted) return
      isMounted = false
      bound(FREE)
      unmount()
      rmdirSync(group)
      removeFolder(folder)
    },
  }
}
