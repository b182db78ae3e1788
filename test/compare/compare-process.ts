/** `anykeeper compare` in a process of its own, and what it found. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Child, spawnChild } from '../support/child.ts'
import { freePort } from '../support/free-port.ts'
import { temporaryFolder } from '../support/temp-folder.ts'

const built = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

export interface Found {
  readonly kind: string
  readonly why?: string
  readonly request?: Record<string, unknown>
  readonly fields?: readonly { field: string; candidate: unknown; oracle: unknown }[]
  readonly candidate?: unknown
  readonly oracle?: unknown
  readonly suspect?: string
}

export interface Verdict {
  readonly exitCode: number | null
  readonly counts: Record<'requests' | 'events' | 'differences' | 'suspect' | 'unchecked', number>
  readonly found: readonly Found[]
  readonly summary: string
}

const urlOf = (side: string): string => (side.includes('://') ? side : `zk://${side}`)

export class CompareProcess {
  readonly host = '127.0.0.1'
  readonly port: number
  readonly child: Child
  readonly #report: string

  private constructor(port: number, child: Child, report: string) {
    this.port = port
    this.child = child
    this.#report = report
  }

  get connectString(): string {
    return `${this.host}:${this.port}`
  }

  /** `sides`: host:port, or a URL. */
  static async start(
    sides: { candidate: string; oracle: string },
    { graceMs = 3_000, args = [] }: { graceMs?: number; args?: readonly string[] } = {},
  ): Promise<CompareProcess> {
    if (!existsSync(built)) throw new Error('no dist/cli.js: npm run build')
    const port = await freePort()
    const report = join(temporaryFolder('compare'), 'report')
    const child = spawnChild({
      name: `compare:${port}`,
      command: process.execPath,
      args: [
        built,
        'compare',
        ...['--listen', `127.0.0.1:${port}`],
        ...['--candidate', urlOf(sides.candidate)],
        ...['--oracle', urlOf(sides.oracle)],
        ...args,
        ...['--report', report],
        ...['--grace', `${graceMs}`],
        ...args,
      ],
    })
    await child.waitForLine(/^anykeeper compare ready on /)
    await child.waitForPort(port)
    return new CompareProcess(port, child, report)
  }

  /** Until the log tells of a difference, or of something else. */
  async untilLogged(pattern: RegExp = /"msg":"difference"/): Promise<void> {
    await this.child.waitForLine(pattern)
  }

  /** SIGTERM, and what it says in the end. */
  async verdict(): Promise<Verdict> {
    const { code } = await this.child.stop({ graceMs: 20_000 })
    const [summary] = await this.child.waitForLine(/^anykeeper compare: \d+ requests.*$/)
    const lines = readFileSync(this.#report, 'utf8').trimEnd().split('\n')
    const records = lines.map((line) => JSON.parse(line))
    return {
      exitCode: code,
      counts: records.find(({ msg }) => msg === 'summary'),
      found: records.filter(({ msg }) => msg === 'difference'),
      summary,
    }
  }
}
