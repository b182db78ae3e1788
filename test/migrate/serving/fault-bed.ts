/** An ensemble of one, its follower and two proxies that serve while it leads, each a process of its own, with writers at both. */
import { fileURLToPath } from 'node:url'
import { openStore } from '../../../adapters/index.ts'
import { silentLogger } from '../../../lib/base/log.ts'
import { connect, type MetadataStore } from '../../../lib/index.ts'
import { liveForwarders } from '../../../lib/migrate/serve/hand-over.ts'
import { SourceKey } from '../../../lib/migrate/source-key.ts'
import { type TakenOver, takeOver } from '../../../lib/migrate/take-over.ts'
import { type AnykeeperProcess, startAnykeeper } from '../../support/anykeeper-process.ts'
import { type Child, spawnChild } from '../../support/child.ts'
import { eventually } from '../../support/eventually.ts'
import type { ZookeeperLine } from '../../support/requirements.ts'
import { anykeeperProgram } from '../../support/run-anykeeper.ts'
import type { ZookeeperEnsemble } from '../../support/zookeeper-server.ts'
import { judge, more } from './judge.ts'
import { Writer } from './writer.ts'

const dyingTakeOver = fileURLToPath(new URL('dying-take-over.ts', import.meta.url))
export type DyingPoint = 'marked' | 'frozen' | 'sent' | 'committed'
export const LATE_MS = 60_000
/** Of the proxies: a busy machine is no fault, and a wait that nothing ends is noticed. Unit: ms. */
const PATIENCE_MS = 25_000
/** Of the writers: more than a take-over takes that has to wait for a lease to run out. */
const SESSION_MS = 20_000

/** One server, which leads. */
export const faultEnsemble = (version: ZookeeperLine) => ({
  ...{ size: 1, version, tickTimeMs: 500 },
  config: { standaloneEnabled: 'false', maxSessionTimeout: 40_000 },
})

export class FaultBed {
  readonly prefix: string
  readonly url: string
  readonly writers: Writer[] = []
  a!: AnykeeperProcess
  b!: AnykeeperProcess
  follower!: Child
  #key!: SourceKey
  #store!: MetadataStore
  readonly #ensemble: ZookeeperEnsemble
  readonly #commands: Child[] = []
  #states: number[] = []

  private constructor(ensemble: ZookeeperEnsemble, url: string, name: string) {
    this.#ensemble = ensemble
    this.url = url
    this.prefix = `/${name}`
  }

  /** A tree of its own below this name, in the ensemble and in the store. */
  static async open(ensemble: ZookeeperEnsemble, url: string, name: string): Promise<FaultBed> {
    const bed = new FaultBed(ensemble, url, name)
    await bed.#start(name)
    return bed
  }

  async #start(name: string): Promise<void> {
    this.#store = await openStore(this.url)
    this.#key = new SourceKey({ store: this.#store, prefix: this.prefix })
    const names = [`${name}-a`, `${name}-b`]
    const zk = await connect(`zk://${this.#ensemble.connectString}`, { timeoutMs: SESSION_MS })
    for (const path of ['/w', '/watched']) await zk.create(path).catch(() => {})
    for (const writer of names) await zk.create(`/w/${writer}`)
    await zk.close()
    this.follow()
    const isFollowed = async () => ((await this.#key.read())?.zxid ?? 0) > 0
    await eventually('the ensemble followed', isFollowed, LATE_MS)
    ;[this.a, this.b] = await Promise.all([this.#observer(), this.#observer()])
    const [a, b] = [this.a.connectString, this.b.connectString]
    this.writers.push(await Writer.start(names[0]!, `${a},${b}`, SESSION_MS))
    this.writers.push(await Writer.start(names[1]!, `${b},${a}`, SESSION_MS))
    await this.more()
    this.mark()
  }

  /** A process that follows; the one before is forgotten. */
  follow(): void {
    const source = ['--source', this.#ensemble.connectString]
    this.follower = this.command('migrate', 'follow', ...source)
  }

  /** `anykeeper migrate …` */
  command(...args: string[]): Child {
    const place = ['--store', this.url, '--prefix', this.prefix]
    return this.#spawn([...anykeeperProgram, ...args, ...place])
  }

  /** A take-over that dies there: see dying-take-over. */
  async dyingTakeOver(point: DyingPoint): Promise<void> {
    const child = this.#spawn(['--import', 'tsx', dyingTakeOver, this.url, this.prefix, point])
    const { code, signal } = await child.exited
    await child.outputEnded
    if (signal !== 'SIGKILL') throw new Error(`it ended with ${code ?? signal}:\n${child.output}`)
  }

  #spawn(args: readonly string[]): Child {
    const child = spawnChild({ name: args.join(' '), command: process.execPath, args })
    this.#commands.push(child)
    return child
  }

  /** In this process, so that nothing is waited for but the proxies. */
  takeOver(): Promise<TakenOver> {
    const taking = takeOver({ store: this.#store, prefix: this.prefix, logger: silentLogger })
    taking.catch(() => {})
    return taking
  }

  async #observer(): Promise<AnykeeperProcess> {
    const bounds = ['--source-lag-timeout', '--hold-timeout', '--forward-timeout']
    const args = [
      ...['--serve-while-following', '--max-session-timeout', '40000'],
      ...bounds.flatMap((name) => [name, `${PATIENCE_MS}`]),
    ]
    const { url: store, prefix } = this
    const proxy = await startAnykeeper({ store, prefix, args, from: 'sources' })
    const serves = async () => /^Mode: observer$/m.test(await proxy.fourLetterWord('srvr'))
    await eventually('a proxy that serves', serves, LATE_MS)
    return proxy
  }

  /** All writers, or these, are acknowledged more. */
  more(writers: readonly Writer[] = this.writers): Promise<void> {
    return more(writers, 20, LATE_MS)
  }

  /** States and waits count from here. */
  mark(): void {
    this.#states = this.writers.map(({ states }) => states.length)
    for (const writer of this.writers) writer.resetGap()
  }

  /** Of the writer at A, or B, since {@link mark}. */
  states(at: 0 | 1): readonly string[] {
    return this.writers[at]!.states.slice(this.#states[at])
  }

  /** A take-over is in progress, and this many proxies have stopped for it. */
  stopped(count: number): Promise<unknown> {
    return eventually(
      `a take-over for which ${count} have stopped`,
      async () => {
        const freeze = (await this.#key.read())?.freeze ?? ''
        const there = await liveForwarders(this.#store, this.#key)
        return freeze !== '' && there.filter((one) => one.freeze === freeze).length === count
      },
      LATE_MS,
    )
  }

  record(): ReturnType<SourceKey['read']> {
    return this.#key.read()
  }

  /** Everything is there once, or was never acknowledged; and the ephemerals, of the same sessions. */
  async problems(at: AnykeeperProcess): Promise<readonly string[]> {
    for (const writer of this.writers) await writer.stop()
    const { missing, twice } = await judge(this.writers, at.connectString)
    const problems = [...missing.map((path) => `missing: ${path}`), ...twice]
    for (const { name, client } of this.writers) {
      const stat = await client.exists(`/mine-${name}`)
      if (stat === null) problems.push(`the ephemeral of ${name} is gone`)
    }
    return problems
  }

  async close(): Promise<void> {
    await Promise.all(this.writers.map((writer) => writer.stop().catch(() => {})))
    await Promise.all(this.writers.map(({ client }) => client.close().catch(() => {})))
    await Promise.all([this.a?.kill(), this.b?.kill()])
    await Promise.all(this.#commands.map((child) => child.kill()))
    await this.#store?.close()
  }
}
