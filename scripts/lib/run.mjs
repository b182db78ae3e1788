/** Running other programs: to their end, with the output either shown or collected. */
import { spawn, spawnSync } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of package.json. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

export class CommandError extends Error {
  constructor(command, status, output) {
    super(`${command} ended with ${status}${output === '' ? '' : `\n${output}`}`)
    this.name = 'CommandError'
    this.output = output
  }
}

/** The executable's path as the shell would find it, or undefined. */
export function which(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const candidate = join(folder, name)
    try {
      accessSync(candidate, constants.X_OK)
      if (statSync(candidate).isFile()) return candidate
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}

/** Output of a short command, or undefined when it failed or does not exist. */
export function outputOf(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000, ...options })
  return result.status === 0 ? result.stdout : undefined
}

/** The command line, so that, where the kernel can, the program gets SIGTERM when this one is gone. */
export function endingWithParent(command, args) {
  const setpriv = which('setpriv')
  return setpriv === undefined
    ? [command, ...args]
    : [setpriv, '--pdeathsig', 'TERM', command, ...args]
}

/** Runs to the end with the output on the terminal; resolves with the exit status. */
export function runShown(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options })
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? signal ?? 1))
  })
}

/** Runs to the end in silence; rejects with the last lines of the output if it failed. */
export function runQuiet(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    let output = ''
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (text) => {
        output = (output + text).slice(-8000)
      })
    }
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output)
      else reject(new CommandError([command, ...args].join(' '), code ?? signal, output.trim()))
    })
  })
}
