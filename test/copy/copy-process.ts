/** `anykeeper export` and `import` in processes of their own, their streams in files. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const built = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

export interface CopyRun {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface CopyStreams {
  /** The file that is its stdin; absent: a pipe, which is the caller's to feed and to end. */
  readonly input?: string
  /** The file that takes its stdout; absent: it is collected. */
  readonly output?: string
  /** dist/cli.js of another build. */
  readonly program?: string
}

const living = new Set<CopyProcess>()

/**
 * SIGKILL to all that still run. For afterEach: one whose input is never ended, or that is frozen,
 * would keep this process from ending when a test gave up on it.
 */
export async function endCopies(): Promise<void> {
  await Promise.all([...living].map((run) => run.kill()))
}

export class CopyProcess {
  readonly child: ChildProcess
  readonly ended: Promise<CopyRun>

  constructor(args: readonly string[], { input, output, program = built }: CopyStreams = {}) {
    if (!existsSync(program)) throw new Error(`no ${program}: npm run build`)
    const stdin = input === undefined ? 'pipe' : openSync(input, 'r')
    const stdout = output === undefined ? 'pipe' : openSync(output, 'w')
    this.child = spawn(process.execPath, [program, ...args], {
      stdio: [stdin, stdout, 'pipe'],
      env: withoutSettings(),
    })
    for (const file of [stdin, stdout]) if (typeof file === 'number') closeSync(file)
    // It may end before it has read everything.
    this.child.stdin?.on('error', () => {})
    const exit = new Promise<Pick<CopyRun, 'code' | 'signal'>>((resolve, reject) => {
      this.child.once('error', reject)
      this.child.once('exit', (code, signal) => resolve({ code, signal }))
    })
    // A test may end it early, as head does.
    const out = this.child.stdout === null ? '' : text(this.child.stdout).catch(() => '')
    this.ended = Promise.all([exit, out, text(this.child.stderr!)]).then(
      ([{ code, signal }, stdout, stderr]) => ({ code, signal, stdout, stderr }),
    )
    const kill = (): void => void this.child.kill('SIGKILL')
    process.once('exit', kill)
    living.add(this)
    this.child.once('exit', () => {
      process.removeListener('exit', kill)
      living.delete(this)
    })
  }

  feed(bytes: Uint8Array): void {
    this.child.stdin!.write(bytes)
  }
  /** Ends its input. */
  endInput(): void {
    this.child.stdin!.end()
  }
  async kill(): Promise<CopyRun> {
    this.child.kill('SIGKILL')
    return this.ended
  }
}

/** Until it ends; nothing comes from stdin unless it is a file. */
export function runCopy(args: readonly string[], streams: CopyStreams = {}): Promise<CopyRun> {
  const process = new CopyProcess(args, streams)
  if (streams.input === undefined) process.endInput()
  return process.ended
}

/** It must succeed; gives what it said. */
export async function succeed(args: readonly string[], streams: CopyStreams = {}): Promise<string> {
  const { code, signal, stderr } = await runCopy(args, streams)
  if (code !== 0) throw new Error(`${args.join(' ')}: ended with ${code ?? signal}: ${stderr}`)
  return stderr
}

function withoutSettings(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('ANYKEEPER_'))
  return Object.fromEntries(kept)
}
