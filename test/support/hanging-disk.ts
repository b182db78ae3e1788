/**
 * A disk that completes no write while it hangs, as one behind a storage network that is away: reads are served, and so is what is
 * written to memory alone. A file system on a loop device, whose writes the kernel holds back for one process.
 */
import { execFileSync, spawnSync } from 'node:child_process'
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
  /** Idempotent. Nobody may use it any more. */
  remove(): void
}

/** Skips the test where there can be none, with the reason: it needs root, loop devices and the first version of blkio. */
export function hangingDisk(context: { skip(): void }, bytes: number): HangingDisk {
  const folder = temporaryFolder('hanging-disk')
  const path = join(folder, 'disk')
  const image = join(folder, 'image')
  mkdirSync(path)
  writeFileSync(image, '')
  truncateSync(image, bytes)
  const made = [
    spawnSync('mkfs.ext4', ['-q', '-F', image]),
    spawnSync('mount', ['-o', 'loop', image, path]),
  ]
  const unmount = (): void => void execFileSync('umount', [path])
  const skip = (why: unknown): void => {
    removeFolder(folder)
    console.log(`      skipped: no disk can be made to hang: ${why}`)
    context.skip()
  }
  const failed = made.find(({ status }) => status !== 0)
  if (failed !== undefined) skip(failed.stderr ?? failed.error)
  if (!existsSync(`${CONTROLLER}/blkio.throttle.write_bps_device`)) {
    unmount()
    skip(`no ${CONTROLLER}`)
  }
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  const [source] = mounts.find((line) => line.split(' ')[1] === path)!.split(' ')
  const device = readFileSync(`/sys/class/block/${basename(source!)}/dev`, 'utf8').trim()
  const group = join(CONTROLLER, basename(folder))
  mkdirSync(group)
  const bound = (value: number): void => {
    for (const unit of ['bps', 'iops']) {
      writeFileSync(join(group, `blkio.throttle.write_${unit}_device`), `${device} ${value}`)
    }
  }
  let isMounted = true
  return {
    path,
    hang(pid) {
      writeFileSync(join(group, 'cgroup.procs'), `${pid}`)
      bound(HELD)
    },
    release: () => bound(FREE),
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
