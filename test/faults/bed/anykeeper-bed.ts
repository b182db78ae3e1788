/**
 * Three etcd members (or one), three proxies, and a link between every two that talk:
 *
 *   clients ─ client link ─ proxy ─ 3 store links ─ etcd member ─ peer link ─ the other members
 *
 * Every proxy has the members in the same order in its store URL.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AnykeeperProcess } from '../../support/anykeeper-process.ts'
import type { Child } from '../../support/child.ts'
import { eventually } from '../../support/eventually.ts'
import { freePort, freePorts } from '../../support/free-port.ts'
import { TcpFaultProxy } from '../../support/tcp-fault-proxy.ts'
import { removeFolder, temporaryFolder } from '../../support/temp-folder.ts'
import type { Bed, BedServer } from './bed.ts'
import { EtcdMember } from './etcd-member.ts'
import { PeerLinks } from './peer-links.ts'

export interface AnykeeperBedOptions {
  /** @default 3 */
  readonly members?: number
  readonly etcdFlags?: readonly string[]
  /** Where the members keep their data. Default: a temporary folder. */
  readonly dataFolders?: readonly string[]
  /** dist/cli.js of another build. */
  readonly program?: string
  /** More environment of proxy `index`. */
  readonly proxyEnv?: (index: number) => Record<string, string>
  readonly prefix?: string
}

const proxyCount = 3

export class AnykeeperBed implements Bed {
  readonly peer = 'anykeeper'
  readonly prefix: string
  readonly folder = temporaryFolder('faults')
  readonly #options: AnykeeperBedOptions
  members: EtcdMember[] = []
  /** By proxy and member. */
  storeLinks: TcpFaultProxy[][] = []
  clientLinks: TcpFaultProxy[] = []
  proxies: AnykeeperProcess[] = []
  servers: BedServer[] = []
  #memberIds: string[] = []
  #peers: PeerLinks | undefined

  constructor(options: AnykeeperBedOptions = {}) {
    this.#options = options
    this.prefix = options.prefix ?? '/anykeeper'
  }

  static async start(options: AnykeeperBedOptions = {}): Promise<AnykeeperBed> {
    const bed = new AnykeeperBed(options)
    try {
      await bed.#start()
      return bed
    } catch (error) {
      await bed.stop()
      throw error
    }
  }

  get clientPorts(): number[] {
    return this.clientLinks.map(portOf)
  }

  get peers(): PeerLinks {
    return this.#peers!
  }

  /** Members that run and answer. */
  async leader(): Promise<number> {
    return eventually(
      'a leader of etcd',
      async () => {
        for (const member of this.members) {
          if (!member.running) continue
          const status = await member.api.status(300).catch(() => undefined)
          const index = this.#memberIds.indexOf(status?.leader ?? '')
          if (index >= 0 && this.members[index]!.running) return { index }
        }
        return undefined
      },
      30_000,
    ).then(({ index }) => index)
  }

  /** Makes `index` the leader; waits until it is. */
  async lead(index: number): Promise<void> {
    await eventually(
      `member ${index} leads`,
      async () => {
        const leader = await this.leader()
        if (leader === index) return true
        await this.members[leader]!.api.moveLeader(this.#memberIds[index]!)
        return false
      },
      30_000,
    )
  }

  /** Until a linearizable read is answered by one of `indexes`. Resolves with the time. */
  async untilQuorum(indexes: readonly number[], deadlineMs = 60_000): Promise<number> {
    const endMs = performance.now() + deadlineMs
    while (performance.now() < endMs) {
      for (const index of indexes) {
        const member = this.members[index]!
        if (!member.running) continue
        const isUp = await member.api.confirm(500).then(
          () => true,
          () => false,
        )
        if (isUp) return performance.now()
      }
      await sleep(20)
    }
    throw new Error(`etcd has no quorum after ${deadlineMs} ms\n${this.members[0]!.output}`)
  }

  /** Once after the members' ids may have changed. */
  async learnMemberIds(): Promise<void> {
    const statuses = await Promise.all(this.members.map(({ api }) => api.status(5_000)))
    this.#memberIds = statuses.map(({ memberId }) => memberId)
  }

  memberId(index: number): string {
    return this.#memberIds[index]!
  }

  /** The `--initial-cluster` of the members. */
  get initialCluster(): string {
    return this.members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',')
  }

  /** Open connections of all proxies to each member. */
  get storeConnections(): number[] {
    return this.members.map((_, member) =>
      this.storeLinks.reduce((sum, links) => sum + links[member]!.open, 0),
    )
  }

  async restartProxies(): Promise<void> {
    await Promise.all(
      this.servers.map(async (server) => {
        await server.end()
        await server.start()
      }),
    )
  }

  /** One more, which loads its tree from the store now; the caller ends it. */
  async startAnotherProxy(): Promise<AnykeeperProcess> {
    const proxy = this.#proxy(
      await freePort(),
      this.members.map(({ host }) => host),
      undefined,
    )
    return proxy.start({ timeoutMs: 60_000 })
  }

  outputs(): Record<string, string> {
    const entries: [string, string][] = this.members.map(({ name, output }) => [name, output])
    for (const [index, proxy] of this.proxies.entries()) {
      entries.push([`proxy${index}`, outputOf(proxy)])
    }
    return Object.fromEntries(entries)
  }

  async stop(): Promise<void> {
    for (const row of this.storeLinks) for (const link of row) freeLink(link)
    for (const member of this.members) member.signal('SIGCONT')
    await Promise.all(this.proxies.map((proxy) => proxy.kill()))
    await Promise.all(this.members.map((member) => member.kill()))
    await Promise.all([...this.storeLinks.flat(), ...this.clientLinks].map((link) => link.stop()))
    await this.#peers?.stop()
    removeFolder(this.folder)
  }

  async #start(): Promise<void> {
    const { members: size = 3, etcdFlags = [], dataFolders } = this.#options
    this.#peers = await PeerLinks.start(size, () => this.members.map(({ pid }) => pid))
    const ports = await freePorts(2 * size)
    const urls = Array.from({ length: size }, (_, index) => this.peers.url(index))
    const initialCluster = urls.map((url, index) => `m${index}=${url}`).join(',')
    for (const [index, url] of urls.entries()) {
      const member = new EtcdMember({
        name: `m${index}`,
        clientPort: ports[index]!,
        peerPort: ports[size + index]!,
        initialCluster,
        advertisedPeerUrl: url,
        folder: dataFolders?.[index] ?? join(this.folder, 'etcd'),
        flags: etcdFlags,
      })
      this.peers.lead(index, member.peerHost)
      const links = (): TcpFaultProxy[] => this.storeLinks.map((row) => row[index]!)
      member.onDown = () => {
        for (const link of links()) link.stopListening()
      }
      member.onUp = () => {
        for (const link of links()) void link.listenAgain()
      }
      this.members.push(member)
    }
    for (let index = 0; index < proxyCount; index++) await this.#addProxy(index)
    for (const member of this.members) member.launch()
    for (const index of this.members.keys()) await this.untilQuorum([index])
    await this.learnMemberIds()
    await Promise.all(this.servers.map((server) => server.start()))
  }

  async #addProxy(index: number): Promise<void> {
    const links = await Promise.all(this.members.map(({ host }) => TcpFaultProxy.start(host)))
    const env = this.#options.proxyEnv?.(index)
    const hosts = links.map(({ host }) => host)
    const proxy = this.#proxy(await freePort(), hosts, env)
    this.storeLinks.push(links)
    this.proxies.push(proxy)
    this.clientLinks.push(await TcpFaultProxy.start(proxy.connectString))
    this.servers.push(new ProxyServer(proxy))
  }

  #proxy(
    port: number,
    hosts: readonly string[],
    env: Record<string, string> | undefined,
  ): AnykeeperProcess {
    const { program } = this.#options
    return new AnykeeperProcess(port, {
      store: `etcd://${hosts.join(',')}`,
      prefix: this.prefix,
      ...(env === undefined ? {} : { env }),
      ...(program === undefined ? {} : { program }),
    })
  }
}

class ProxyServer implements BedServer {
  readonly #proxy: AnykeeperProcess

  constructor(proxy: AnykeeperProcess) {
    this.#proxy = proxy
  }
  get port(): number {
    return this.#proxy.port
  }
  get child(): Child {
    return this.#proxy.child
  }
  kill(): Promise<void> {
    return this.#proxy.kill()
  }
  end(): Promise<void> {
    return this.#proxy.stop()
  }
  async start(): Promise<void> {
    await this.#proxy.start({ timeoutMs: 60_000 })
  }
}

export function portOf(link: TcpFaultProxy): number {
  return Number(link.host.split(':')[1])
}

export function freeLink(link: TcpFaultProxy): void {
  link.resume('up')
  link.resume('down')
  link.refuse(false)
}

function outputOf(proxy: AnykeeperProcess): string {
  try {
    return proxy.child.output
  } catch {
    return ''
  }
}
