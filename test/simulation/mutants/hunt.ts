/**
 * Runs a mutant: the sources, copied, with the bug in them, simulated by a process of their own until a
 * law is broken in a seed in which the code as it is holds all of them.
 */
import { fork } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { removeFolder, temporaryFolder } from '../../support/temp-folder.ts'
import type { Mutation } from './mutation.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const COPIED = [
  'lib',
  'proxy',
  'adapters/mvcc',
  'adapters/memory',
  'test/simulation',
  'test/support',
  'package.json',
  'tsconfig.json',
]

/** A run that takes longer hangs. Unit ms. */
const HANGS_MS = 120_000

export interface Found {
  readonly seed: number
  readonly law: string
}

/** undefined: not within `mutation.seedsMax` seeds. */
export async function hunt(mutation: Mutation): Promise<Found | undefined> {
  const folder = mutantFolder(mutation)
  const { faults = 'core', seedsMax } = mutation
  try {
    for (let from = 1; from <= seedsMax; ) {
      const found = await firstFailure(folder, from, seedsMax - from + 1, faults)
      if (found === undefined) return undefined
      // In a process of its own as well: a run takes over the timers of its process.
      if ((await firstFailure(root, found.seed, 1, faults)) === undefined) return found
      from = found.seed + 1
    }
    return undefined
  } finally {
    removeFolder(folder)
  }
}

/**
 * @returns the sources with the bug in them, by their paths below the root
 * @throws an edit does not fit the sources
 */
export function mutated({ edits, bug }: Mutation): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const { file, from, to, everywhere } of edits) {
    const parts = (texts.get(file) ?? readFileSync(join(root, file), 'utf8')).split(from)
    if (parts.length !== 2 && !(everywhere === true && parts.length > 2)) {
      throw new Error(`${bug}: ${file} has "${from}" ${parts.length - 1} times`)
    }
    texts.set(file, parts.join(to))
  }
  return texts
}

function mutantFolder(mutation: Mutation): string {
  const texts = mutated(mutation)
  const folder = temporaryFolder('simulated-mutant')
  for (const path of COPIED) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    cpSync(join(root, path), join(folder, path), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const [file, text] of texts) writeFileSync(join(folder, file), text)
  return folder
}

/** A mutant may also end, or never end: that is a bug found, too. */
function firstFailure(
  folder: string,
  from: number,
  count: number,
  faults: string,
): Promise<Found | undefined> {
  const args = ['--from', String(from), '--seeds', String(count), '--faults', faults]
  return new Promise((resolve, reject) => {
    const child = fork(join(folder, 'test/simulation/main.ts'), args, {
      cwd: folder,
      execArgv: ['--import', 'tsx', '--max-old-space-size=1000'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    let output = ''
    let seed = from
    let hangs: NodeJS.Timeout | undefined
    child.on('message', (message) => {
      if (typeof message !== 'number') return
      seed = message
      clearTimeout(hangs)
      hangs = setTimeout(() => child.kill('SIGKILL'), HANGS_MS)
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        output += chunk
      })
    }
    child.on('error', reject)
    child.on('close', (status, signal) => {
      clearTimeout(hangs)
      const match = /^SEED=(\d+) .*\n {2}([^:]+):/m.exec(output)
      if (match !== null) resolve({ seed: Number(match[1]), law: match[2] as string })
      else if (status === 0) resolve(undefined)
      else if (signal !== null) resolve({ seed, law: 'it does not end, or takes all memory' })
      else reject(new Error(`the mutant ended with ${status}:\n${output.slice(-2_000)}`))
    })
  })
}
