/** The folder outside git for what is slow to get: etcd's programs and Kafka's jars. */
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { say } from './log.mjs'

const lockAgeMsMax = 20 * 60_000

/** Lock files of this process. */
const held = new Set()

function removeHeld() {
  for (const path of held) rmSync(path, { force: true })
}

/** Same rule as cacheFolder() in test/support/requirements.ts. */
export function cacheFolder() {
  const { ANYKEEPER_CACHE, XDG_CACHE_HOME } = process.env
  if (ANYKEEPER_CACHE) return resolve(ANYKEEPER_CACHE)
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'anykeeper')
}

/**
 * The folder `name` of the cache, filled by `fill(temporaryFolder)` when absent. It appears by one
 * rename, so a folder that is there is complete.
 */
export async function cached(name, fill) {
  const folder = join(cacheFolder(), name)
  if (existsSync(folder)) return folder
  mkdirSync(cacheFolder(), { recursive: true })
  const unlock = await lock(`${folder}.lock`)
  const temporary = `${folder}.tmp-${randomBytes(6).toString('hex')}`
  try {
    if (existsSync(folder)) return folder
    mkdirSync(temporary)
    await fill(temporary)
    rename(temporary, folder)
    return folder
  } finally {
    rmSync(temporary, { recursive: true, force: true })
    unlock()
  }
}

function rename(from, to) {
  try {
    renameSync(from, to)
  } catch (error) {
    // Somebody else was first, in spite of the lock: theirs is as good.
    if (!existsSync(to)) throw error
  }
}

/**
 * Waits for, then takes, the lock file. The lock only saves doing the work twice: taking over a
 * stale one is not atomic, and the rename above stays correct even if two get it.
 */
async function lock(path) {
  let announced = false
  for (;;) {
    try {
      writeFileSync(path, `${process.pid}\n`, { flag: 'wx' })
      if (held.size === 0) process.once('exit', removeHeld)
      held.add(path)
      return () => {
        held.delete(path)
        if (held.size === 0) process.removeListener('exit', removeHeld)
        rmSync(path, { force: true })
      }
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (isStale(path)) {
      rmSync(path, { force: true })
      continue
    }
    if (!announced) say(`another process prepares this already, waiting for ${path}`)
    announced = true
    await sleep(500)
  }
}

function isStale(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    const ageMs = Date.now() - statSync(path).mtimeMs
    if (ageMs > lockAgeMsMax) return true
    // An empty file is one that is being written just now.
    return pid > 0 ? !isAlive(pid) : ageMs > 5000
  } catch {
    return false
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
