/** The proxy as users run it: `anykeeper serve` in a process of its own. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Child, spawnChild, type WaitOptions } from './child.ts'
import { fourLetterWord } from './four-letter-word.ts'
import { freePort } from './free-port.ts'
import { anykeeperProgram } from './run-anykeeper.ts'

const built = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

export interface AnykeeperOptions {
  /** Store URL. Default `memory:`. */
  store?: string
  /** The store is named by a variable, and by no argument. */
  isStoreInEnvironment?: boolean
  /** Default: a free one. */
  port?: number
  prefix?: string
  tickTimeMs?: number
  minSessionTimeoutMs?: number
  maxSessionTimeoutMs?: number
  frameBytesMax?: number
  superDigest?: string
  /** More arguments of `serve`. */
  args?: readonly string[]
  /** Arguments of node, such as `--cpu-prof`. */
  nodeArgs?: readonly string[]
  env?: Record<string, string | undefined>
  /** The compiled program (default), or what `run-anykeeper` runs. */
  from?: 'dist' | 'sources'
  /** dist/cli.js of another build, instead of `from`. */
  program?: string
}

export class AnykeeperProcess {
  readonly host = '127.0.0.1'
  readonly port: number
  readonly #options: AnykeeperOptions
  #child: Child | undefined

  constructor(port: number, options: AnykeeperOptions) {
    this.port = port
    this.#options = options
  }

  get connectString(): string {
    return `${this.host}:${this.port}`
  }

  get child(): Child {
    if (this.#child === undefined) throw new Error('anykeeper was not started')
    return this.#child
  }

  /** Starts it, also again on the same port, and waits for its line, which a standby has too. */
  async start(options: WaitOptions = {}): Promise<this> {
    this.launch()
    await this.child.waitForLine(/^anykeeper (?:ready|standby) on /, options)
    await this.child.waitForPort(this.port, options)
    return this
  }

  /** Starts it, and does not wait. */
  launch(): this {
    const { from = 'dist', program: dist = built, env, nodeArgs = [] } = this.#options
    if (from === 'dist' && !existsSync(dist)) throw new Error(`no ${dist}: npm run build`)
    const program = from === 'dist' ? [dist] : anykeeperProgram
    this.#child = spawnChild({
      name: `anykeeper:${this.port}`,
      command: process.execPath,
      args: [...nodeArgs, ...program, ...this.#arguments()],
      env: { ...withoutSettings(), ...env },
    })
    return this
  }

  fourLetterWord(word: string): Promise<string> {
    return fourLetterWord(this, word)
  }

  /** SIGTERM, and SIGKILL if that does not end it. */
  async stop(): Promise<void> {
    await this.#child?.stop()
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#child?.kill()
  }

  #arguments(): string[] {
    const options = this.#options
    const settings = {
      '--listen': this.connectString,
      '--store': options.isStoreInEnvironment === true ? undefined : (options.store ?? 'memory:'),
      '--prefix': options.prefix,
      '--tick-time': options.tickTimeMs,
      '--min-session-timeout': options.minSessionTimeoutMs,
      '--max-session-timeout': options.maxSessionTimeoutMs,
      '--max-frame-bytes': options.frameBytesMax,
      '--super-digest': options.superDigest,
    }
    const given = Object.entries(settings).filter(([, value]) => value !== undefined)
    return [
      'serve',
      ...given.flatMap(([name, value]) => [name, `${value}`]),
      ...(options.args ?? []),
    ]
  }
}

/** One proxy, ready. */
export async function startAnykeeper(options: AnykeeperOptions = {}): Promise<AnykeeperProcess> {
  return new AnykeeperProcess(options.port ?? (await freePort()), options).start()
}

/** The caller's own ANYKEEPER_… settings must not reach a server under test. */
function withoutSettings(): Record<string, undefined> {
  const names = Object.keys(process.env).filter((name) => name.startsWith('ANYKEEPER_'))
  return Object.fromEntries(names.map((name) => [name, undefined]))
}
