/** One server, a bystander, and one attack after the other. Neighbours: attacks, bystander, main. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { RawClient } from '../support/raw-client.ts'
import type { Attack } from './attacks.ts'
import type { Seen } from './bystander.ts'

export interface Row {
  readonly attack: string
  /** What the attacker got. */
  readonly outcome: string
  readonly seconds: number
  readonly bystander: Seen
  /** From the end of the attack until a new client has connected, written and read, ms. */
  readonly recoveryMs: number
  /** Resident memory of the server, MiB. */
  readonly rssBefore: number
  readonly rssPeak: number
  readonly rssAfter: number
}

const RECOVERY_MS_MAX = 30_000

export function rssOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024)
}

export class Bystander {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async start(port: number): Promise<Bystander> {
    const program = fileURLToPath(new URL('./bystander.ts', import.meta.url))
    const child = fork(program, [String(port)], { execArgv: ['--import', 'tsx'] })
    await once(child, 'message')
    return new Bystander(child)
  }

  async seen(): Promise<Seen> {
    const answer = once(this.#child, 'message')
    this.#child.send('?')
    return (await answer)[0] as Seen
  }

  stop(): void {
    this.#child.kill('SIGKILL')
  }
}

async function recovered(port: number): Promise<void> {
  const deadlineMs = performance.now() + RECOVERY_MS_MAX
  for (;;) {
    try {
      const client = await RawClient.connect({ port })
      const path = `/recovered-${Math.random()}`
      const created = await client.create(path)
      const read = await client.getData(path)
      await client.close()
      if (created.err === 0 && read.err === 0) return
    } catch (error) {
      if (performance.now() > deadlineMs) throw error
    }
    if (performance.now() > deadlineMs) throw new Error('no client was served in time')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export async function attackOnce(
  attack: Attack,
  server: { readonly port: number; readonly pid: number },
  bystander: Bystander,
): Promise<Row> {
  const rssBefore = rssOf(server.pid)
  let rssPeak = rssBefore
  const watching = setInterval(() => {
    rssPeak = Math.max(rssPeak, rssOf(server.pid))
  }, 50)
  await bystander.seen()
  const startMs = performance.now()
  let outcome: string
  try {
    outcome = await attack.run(server.port)
  } finally {
    clearInterval(watching)
  }
  const endMs = performance.now()
  await recovered(server.port)
  const recoveryMs = performance.now() - endMs
  const seen = await bystander.seen()
  return {
    attack: attack.name,
    outcome,
    seconds: (endMs - startMs) / 1_000,
    bystander: seen,
    recoveryMs,
    rssBefore,
    rssPeak,
    rssAfter: rssOf(server.pid),
  }
}

const ms = (value: number) => value.toFixed(value < 10 ? 1 : 0)

export const HEADER =
  '| attack | attacker got | s | p50 | p99 | longest | disturbed | recovery | MiB before, peak, after |\n' +
  '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |'

export function line(row: Row): string {
  const { bystander: b } = row
  return `| ${row.attack} | ${row.outcome} | ${row.seconds.toFixed(1)} | ${ms(b.p50Ms)} | ${ms(b.p99Ms)} | ${ms(b.maxMs)} | ${b.disturbed} | ${ms(row.recoveryMs)} | ${row.rssBefore}, ${row.rssPeak}, ${row.rssAfter} |`
}
