/**
 * Two proxies whose etcd user may read and write their prefix, and nothing else, under writes at full speed: while passwords and
 * certificates are changed nothing is lost, no session ends, etcd stays small, and no line is one that nobody expects.
 */
import { expect } from 'chai'
import { type AnykeeperProcess, startAnykeeper } from '../../support/anykeeper-process.ts'
import { Bed } from './bed.ts'
import { Load } from './load.ts'

const CLIENTS = 4

export interface RunOptions {
  /** How long is written. Unit: ms. */
  readonly ms: number
  /** `--auto-compaction-retention` of etcd. */
  readonly retention: string
  readonly quotaBytes: number
  /** Of a token. Unit: seconds. */
  readonly tokenTtl: number
  readonly onLine?: (line: string) => void
}

export interface RunReport {
  readonly acknowledged: number
  readonly unknown: number
  readonly writtenBytes: number
  /** Largest size of etcd's file in each half of the run. */
  readonly dbBytes: readonly [first: number, second: number]
  readonly outages: number
  /** Lines of the proxies above info, by text. */
  readonly lines: ReadonlyMap<string, number>
}

/** Lines above info that the changes explain. Any other one fails the run. */
const EXPECTED: readonly RegExp[] = [
  /^etcd: this user may not compact the history, only root may/,
  /^history not compacted/,
  /^the store refuses the credentials$/,
  // A login while the file has a password that etcd does not have yet, as the page has the order.
  /^the store accepts only the credentials that the files had before$/,
  // While etcd is restarted, and while it has a password that the file does not have yet.
  /^heartbeat not confirmed/,
  /^commit not confirmed, sending it again/,
  /^journal feed lost/,
  /^the journal feed is late, opening it again$/,
  /^the feed is late, reading the journal$/,
  /^head not readable/,
  /^store out of reach, disconnecting all clients$/,
  /^could not register again/,
  /^list of proxies not readable$/,
  /^feed of proxies lost/,
  // Beside others on a machine that has more to do than it can: behind by more entries than are kept, it loads the tree again.
  /^this process was paused: requests wait/,
  /^the journal cannot be applied$/,
  /^the feed and head do not agree, reloading the tree$/,
]

export async function leastPrivilegeRun(options: RunOptions): Promise<RunReport> {
  const { ms, onLine = () => {} } = options
  const bed = await Bed.start(options)
  const proxies: AnykeeperProcess[] = []
  try {
    for (let index = 0; index < 2; index++) {
      proxies.push(await startAnykeeper({ store: bed.url }))
    }
    const load = await Load.start(
      proxies.map(({ connectString }) => connectString),
      CLIENTS,
    )
    const sizes = await Promise.race([
      disturb(bed, proxies, load, ms, onLine),
      load.failed as Promise<never>,
    ])
    const mntr = await Promise.all(proxies.map((proxy) => metrics(proxy)))
    const report = await load.end()
    const lines = linesOf(proxies)
    const strange = [...lines.keys()].filter((line) => !EXPECTED.some((known) => known.test(line)))
    expect(strange.join('\n'), 'lines that nobody expects').to.equal('')
    expect(report.states, 'states of the sessions').to.not.include('lost')
    for (const { zk_stale_sessions_expired: expired, zk_anykeeper_store_alarm: alarm } of mntr) {
      expect([expired, alarm]).to.deep.equal(['0', '0'])
    }
    return {
      acknowledged: report.acknowledged,
      unknown: report.unknown,
      writtenBytes: report.bytes,
      dbBytes: sizes,
      outages: mntr.reduce((sum, one) => sum + Number(one.zk_anykeeper_outages), 0),
      lines,
    }
  } catch (error) {
    for (const { child } of proxies) onLine(`${child.name}:\n${child.output}`)
    throw error
  } finally {
    for (const proxy of proxies) await proxy.stop()
    await bed.stop()
  }
}

type Metrics = Record<string, string>

async function metrics(proxy: AnykeeperProcess): Promise<Metrics> {
  const text = await proxy.fourLetterWord('mntr')
  return Object.fromEntries(text.split('\n').map((line) => line.split('\t')))
}

/** What happens, each at its part of the time. */
async function disturb(
  bed: Bed,
  proxies: readonly AnykeeperProcess[],
  load: Load,
  ms: number,
  onLine: (line: string) => void,
): Promise<[number, number]> {
  const begunMs = performance.now()
  const events: [part: number, what: string, run: () => Promise<void>][] = [
    [0.15, 'password, in the file first', () => bed.changePassword()],
    [0.3, 'password, in etcd first', () => bed.changePasswordInEtcdFirst(700)],
    [0.45, 'certificates of another authority', () => bed.replaceCertificates(served)],
    [0.75, 'password, in the file first', () => bed.changePassword()],
    [1, 'end', async () => {}],
  ]
  const served = async (): Promise<void> => {
    const restartedMs = performance.now()
    await load.progress()
    onLine(
      `all clients write again ${Math.round(performance.now() - restartedMs)} ms after etcd is back`,
    )
  }
  const dbBytes: [number, number] = [0, 0]
  for (const [part, what, run] of events) {
    while (performance.now() - begunMs < part * ms) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(1_000, ms / 50)))
      const { zk_anykeeper_store_bytes: size = '0' } = await metrics(proxies[0]!)
      const half = performance.now() - begunMs < ms / 2 ? 0 : 1
      dbBytes[half] = Math.max(dbBytes[half], Number(size))
    }
    const seconds = Math.round((performance.now() - begunMs) / 1_000)
    const mib = dbBytes.map((bytes) => Math.round(bytes / 2 ** 20)).join(' and ')
    onLine(`${seconds} s: ${load.acknowledged} writes, etcd at most ${mib} MiB; now: ${what}`)
    await run()
  }
  return dbBytes
}

function linesOf(proxies: readonly AnykeeperProcess[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { child } of proxies) {
    for (const line of child.output.split('\n')) {
      if (line === '') continue

      if (line.startsWith('anykeeper ready on ')) continue
      const { level, msg } = parsed(line)
      if (level <= 30) continue
      counts.set(msg, (counts.get(msg) ?? 0) + 1)
    }
  }
  return counts
}

/** A line that is no JSON is one that nobody expects. */
function parsed(line: string): { level: number; msg: string } {
  try {
    return JSON.parse(line) as { level: number; msg: string }
  } catch {
    return { level: 60, msg: line }
  }
}
