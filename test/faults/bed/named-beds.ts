/** The beds by name: what each has that the ordinary one has not. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { removeFolder, temporaryFolder } from '../../support/temp-folder.ts'
import type { BedName } from '../fault.ts'
import { AnykeeperBed } from './anykeeper-bed.ts'
import type { Bed } from './bed.ts'
import { ZookeeperBed } from './zookeeper-bed.ts'

export interface NamedBedOptions {
  readonly zookeeperVersion: string
  /** dist/cli.js of another build. */
  readonly program?: string | undefined
}

/** etcd keeps a quota for its database; two write-ahead segments of 64 MiB come on top on disk. */
export const quotaBytes = 24 * 1024 * 1024
const diskMb = 256
/** What docs/operations.md advises for members in one room; etcd's defaults are twice as long. */
const quickElections = ['--heartbeat-interval=50', '--election-timeout=500']
/** What the clock of one proxy shows too much. */
const clockOffsetS = 120

const faketimeLibrary = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
].find((path) => existsSync(path))

export function missingFaketime(): string | undefined {
  return faketimeLibrary === undefined ? "no libfaketime (Debian's faketime)" : undefined
}

let mountProblem: string | undefined | null = null

/** Why no small disk can be had here. */
export function missingMount(): string | undefined {
  if (mountProblem !== null) return mountProblem
  const folder = temporaryFolder('mount')
  try {
    mount(folder, 1)
    unmount(folder)
    mountProblem = undefined
  } catch {
    mountProblem = 'no tmpfs may be mounted here'
  }
  removeFolder(folder)
  return mountProblem
}

export async function startNamedBed(name: BedName, options: NamedBedOptions): Promise<Bed> {
  const program = options.program === undefined ? {} : { program: options.program }
  switch (name) {
    case 'zookeeper':
      return ZookeeperBed.start(options.zookeeperVersion, false)
    case 'zookeeper with links':
      return ZookeeperBed.start(options.zookeeperVersion, true)
    case 'quick elections':
      return AnykeeperBed.start({ ...program, etcdFlags: quickElections })
    case 'one etcd':
      return AnykeeperBed.start({ ...program, members: 1 })
    case 'small quota':
      return AnykeeperBed.start({ ...program, etcdFlags: [`--quota-backend-bytes=${quotaBytes}`] })
    case 'clock ahead':
      return AnykeeperBed.start({ ...program, proxyEnv: (index) => clock(index, clockOffsetS) })
    case 'clock behind':
      return AnykeeperBed.start({ ...program, proxyEnv: (index) => clock(index, -clockOffsetS) })
    case 'small disk':
      return startOnSmallDisks(program)
    default:
      return AnykeeperBed.start(program)
  }
}

function clock(index: number, offsetS: number): Record<string, string> {
  if (index !== 0) return {}
  return {
    LD_PRELOAD: faketimeLibrary!,
    FAKETIME: `${offsetS > 0 ? '+' : ''}${offsetS}s`,
    // Only the wall clock is wrong: intervals are measured by the other one.
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  }
}

async function startOnSmallDisks(program: { program?: string }): Promise<Bed> {
  const folder = temporaryFolder('small-disks')
  const mounts = [0, 1, 2].map((index) => join(folder, `disk${index}`))
  const unmountAll = (): void => {
    for (const path of mounts) if (existsSync(path)) unmount(path)
    removeFolder(folder)
  }
  process.once('exit', unmountAll)
  for (const path of mounts) {
    mkdirSync(path)
    mount(path, diskMb)
  }
  try {
    const bed = await AnykeeperBed.start({ ...program, dataFolders: mounts })
    const stop = bed.stop.bind(bed)
    bed.stop = async () => {
      await stop()
      process.removeListener('exit', unmountAll)
      unmountAll()
    }
    return bed
  } catch (error) {
    process.removeListener('exit', unmountAll)
    unmountAll()
    throw error
  }
}

function mount(path: string, mb: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mb}m,mode=700`, 'tmpfs', path], {
    stdio: 'ignore',
  })
}

function unmount(path: string): void {
  try {
    execFileSync('umount', [path], { stdio: 'ignore' })
  } catch {
    // Not mounted, or still in use: it goes with the machine's memory.
  }
}
