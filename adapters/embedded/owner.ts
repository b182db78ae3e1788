/**
 * One process at a time: the file `lock` names the owner of the folder. A dead owner's lock is
 * taken over. On the same machine its process id and start time prove that it is dead; elsewhere
 * (another container, another host) the absence of heartbeats for a while. Neighbour:
 * embedded-backend.ts.
 */
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  futimes,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { unusable } from './errors.ts'

/** How often the owner touches its lock file. Unit: ms. */
const HEARTBEAT_MS = 1_000
/** A holder elsewhere without a heartbeat for this long is dead. Unit: ms. */
const SILENCE_MS_MAX = 6_000
/**
 * A lock file that is empty, or a takeover that is unfinished, for longer is abandoned. Unit: ms.
 */
const HALF_WRITTEN_MS_MAX = 2_000

interface Holder {
  readonly token: string
  readonly pid: number
  readonly host: string
  /** Process ids are comparable within it: one boot of one machine, one process namespace. */
  readonly space: string
  /** When the process started, in the kernel's ticks: process ids are reused. */
  readonly startedAt: string
}

export interface Ownership {
  /** false: another process has taken the folder over; nothing may be written any more. */
  isHeld(): boolean
  /**
   * Resolves once the file system takes a write, also if it refuses this one. A frozen one (fsfreeze) takes none until it thaws, and a
   * mapped page that is written meanwhile stops its thread: who is about to touch the database awaits this first. Not rejected.
   */
  takesWrites(): Promise<void>
  release(): void
}

/** What is said of a folder that another process has. `holder`: "process 4711", elsewhere with its host. */
export type InUse = (folder: string, holder: string) => string

/** @throws {StoreError} STORE_UNAVAILABLE, not retriable, when another process has the folder */
export async function takeOwnership(folder: string, inUse: InUse = storeInUse): Promise<Ownership> {
  const lock = join(folder, 'lock')
  const me: Holder = {
    token: randomUUID(),
    pid: process.pid,
    host: hostname(),
    space: processSpace(),
    startedAt: startOf(process.pid),
  }
  while (!tryCreate(lock, me)) {
    const holder = await readHolder(lock)
    if (holder === undefined) continue
    if (await isAlive(lock, holder)) throw unusable(inUse(folder, shown(holder)))
    if (takeOver(lock, holder, me)) break
    await sleep(50)
  }
  return holding(lock)
}

function holding(lock: string): Ownership {
  // While it is open, its inode number is not reused.
  const handle = openSync(lock, 'r')
  const { ino, dev } = fstatSync(handle)
  const isHeld = (): boolean => {
    const now = statSync(lock, { throwIfNoEntry: false })
    return now?.ino === ino && now.dev === dev
  }
  let touching: Promise<void> | undefined
  // By its handle: the file of a process that took over is not touched. A failure is a missed heartbeat; a contender waits for several.
  const touch = (): Promise<void> =>
    new Promise((resolve) => {
      const now = new Date()
      futimes(handle, now, now, () => {
        touching = undefined
        resolve()
      })
    })
  const takesWrites = (): Promise<void> => {
    touching ??= touch()
    return touching
  }
  const timer = setInterval(takesWrites, HEARTBEAT_MS)
  timer.unref()
  return {
    isHeld,
    takesWrites,
    release() {
      clearInterval(timer)
      if (isHeld()) rmSync(lock, { force: true })
      // Its number would be another file's while it is still being touched.
      if (touching === undefined) closeSync(handle)
      else touching.then(() => closeSync(handle))
    },
  }
}

function tryCreate(path: string, me: Holder): boolean {
  let file: number
  try {
    file = openSync(path, 'wx')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  try {
    writeFileSync(file, `${JSON.stringify(me)}\n`, { flush: true })
    return true
  } catch (error) {
    // A full disk: an empty one would be taken for another process's that is just starting.
    rmSync(path, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
}

/** undefined: the file is gone, or was half-written and has been removed. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    if (!(error instanceof SyntaxError)) throw error
  }
  await sleep(50)
  const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {}
  if (mtimeMs !== undefined && Date.now() - mtimeMs > HALF_WRITTEN_MS_MAX) {
    rmSync(path, { force: true })
  }
  return undefined
}

async function isAlive(lock: string, holder: Holder): Promise<boolean> {
  if (holder.space === processSpace() && holder.host === hostname()) {
    return runs(holder.pid) && startOf(holder.pid) === holder.startedAt
  }
  const heartbeatAt = () => statSync(lock, { throwIfNoEntry: false })?.mtimeMs
  const before = heartbeatAt()
  for (const endMs = performance.now() + SILENCE_MS_MAX; performance.now() < endMs; ) {
    await sleep(HEARTBEAT_MS / 4)
    if (heartbeatAt() !== before) return heartbeatAt() !== undefined
  }
  return false
}

/**
 * Of all contenders that found the same dead holder, one wins: the one that creates the file named
 * after it. It then reads the lock again, for another may have won and finished already.
 */
function takeOver(lock: string, dead: Holder, me: Holder): boolean {
  const claim = `${lock}.after-${dead.token}`
  if (!tryCreate(claim, me)) {
    const { mtimeMs = Date.now() } = statSync(claim, { throwIfNoEntry: false }) ?? {}
    if (Date.now() - mtimeMs > HALF_WRITTEN_MS_MAX) rmSync(claim, { force: true })
    return false
  }
  if (!contentOf(lock).includes(dead.token)) {
    rmSync(claim, { force: true })
    return false
  }
  renameSync(claim, lock)
  return true
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function shown({ pid, host }: Holder): string {
  return host === hostname() ? `process ${pid}` : `process ${pid} on ${host}`
}

const storeInUse: InUse = (folder, holder) =>
  `${folder} is in use by ${holder}: a file store serves one process. ` +
  'End that one first, name another folder, or use etcd to run several proxies'

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** On Linux; elsewhere the host's name must do. */
function processSpace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return ''
  }
}

/** Empty where it cannot be determined, and for a process that is gone or a zombie. */
function startOf(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '')
  } catch {
    return ''
  }
}
