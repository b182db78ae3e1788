/**
 * The yardstick: a ZooKeeper ensemble of three. Where faults need it, every two members are joined by
 * links of their own; not otherwise, for a link accepts connections to a member that is gone, and
 * elections take longer then.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Child } from '../../support/child.ts'
import { fourLetterWord } from '../../support/four-letter-word.ts'
import { freePorts } from '../../support/free-port.ts'
import { spawnJava } from '../../support/java.ts'
import { cacheFolder } from '../../support/requirements.ts'
import { TcpFaultProxy } from '../../support/tcp-fault-proxy.ts'
import { removeFolder, temporaryFolder } from '../../support/temp-folder.ts'
import { freeLink, portOf } from './anykeeper-bed.ts'
import type { Bed, BedServer } from './bed.ts'

const size = 3
const debianJars = ['/usr/share/java/zookeeper.jar', '/usr/share/java/slf4j-simple.jar']

/** @param version `3.8` is Debian's package; others are folders of the cache, such as `3.9.5`. */
export function zookeeperClassPath(version: string): string[] | undefined {
  if (version === '3.8') {
    return existsSync(debianJars[0]!) ? debianJars.filter((path) => existsSync(path)) : undefined
  }
  const libs = join(cacheFolder(), `zookeeper-${version}`, 'libs')
  return existsSync(libs) ? [join(libs, '*')] : undefined
}

export class ZookeeperBed implements Bed {
  readonly peer = 'zookeeper'
  readonly folder = temporaryFolder('faults-zookeeper')
  servers: ZookeeperMember[] = []
  clientLinks: TcpFaultProxy[] = []
  /** Those that lead from one member to another, by both. */
  #links: { readonly from: number; readonly to: number; readonly link: TcpFaultProxy }[] = []

  static async start(version: string, hasLinks: boolean): Promise<ZookeeperBed> {
    const bed = new ZookeeperBed()
    try {
      await bed.#start(version, hasLinks)
      return bed
    } catch (error) {
      await bed.stop()
      throw error
    }
  }

  get clientPorts(): number[] {
    return this.clientLinks.map(portOf)
  }

  async leader(): Promise<number> {
    const endMs = performance.now() + 60_000
    while (performance.now() < endMs) {
      for (const [index, member] of this.servers.entries()) {
        if (member.child.running && (await member.mode()) === 'leader') return index
      }
    }
    throw new Error('no leader in the ensemble')
  }

  async follower(): Promise<number> {
    return ((await this.leader()) + 1) % size
  }

  /** Nothing passes between the member and the others. */
  cutOff(index: number): void {
    for (const { from, to, link } of this.#links) {
      if (from !== index && to !== index) continue
      link.pause('up')
      link.pause('down')
    }
  }

  /** The member gets nothing from the others; what it sends arrives. */
  holdInto(index: number): void {
    for (const { from, to, link } of this.#links) {
      if (from === index) link.pause('down')
      if (to === index) link.pause('up')
    }
  }

  heal(): void {
    for (const { link } of this.#links) freeLink(link)
  }

  outputs(): Record<string, string> {
    return Object.fromEntries(
      this.servers.map(({ child }, index) => [`zookeeper${index}`, child.output]),
    )
  }

  async stop(): Promise<void> {
    this.heal()
    await Promise.all(this.servers.map((member) => member.kill().catch(() => {})))
    const links = [...this.#links.map(({ link }) => link), ...this.clientLinks]
    await Promise.all(links.map((link) => link.stop()))
    removeFolder(this.folder)
  }

  async #start(version: string, hasLinks: boolean): Promise<void> {
    const classPath = zookeeperClassPath(version)
    if (classPath === undefined) throw new Error(`no jars of ZooKeeper ${version}`)
    const ports = await freePorts(3 * size)
    const quorum = (index: number): number => ports[size + index]!
    const election = (index: number): number => ports[2 * size + index]!
    for (let from = 0; from < size; from++) {
      const lines = [`server.${from + 1}=127.0.0.1:${quorum(from)}:${election(from)}`]
      for (let to = 0; to < size; to++) {
        if (to === from) continue
        const links: number[] = hasLinks ? [] : [quorum(to), election(to)]
        for (const port of hasLinks ? [quorum(to), election(to)] : []) {
          const link = await TcpFaultProxy.start(`127.0.0.1:${port}`)
          this.#links.push({ from, to, link })
          links.push(portOf(link))
        }
        lines.push(`server.${to + 1}=127.0.0.1:${links[0]}:${links[1]}`)
      }
      const folder = join(this.folder, `z${from}`)
      this.servers.push(new ZookeeperMember(from, ports[from]!, folder, lines, classPath))
      this.clientLinks.push(await TcpFaultProxy.start(`127.0.0.1:${ports[from]}`))
    }
    await Promise.all(this.servers.map((member) => member.start()))
  }
}

export class ZookeeperMember implements BedServer {
  readonly port: number
  readonly #folder: string
  readonly #classPath: readonly string[]
  #child: Child | undefined

  constructor(
    index: number,
    port: number,
    folder: string,
    serverLines: readonly string[],
    classPath: readonly string[],
  ) {
    this.port = port
    this.#folder = folder
    this.#classPath = classPath
    const data = join(folder, 'data')
    mkdirSync(data, { recursive: true })
    writeFileSync(join(data, 'myid'), `${index + 1}\n`)
    const lines = [
      `dataDir=${data}`,
      `clientPort=${port}`,
      'clientPortAddress=127.0.0.1',
      // As in ZooKeeper's own sample.
      'tickTime=2000',
      'initLimit=10',
      'syncLimit=5',
      'maxClientCnxns=0',
      ...serverLines,
    ]
    writeFileSync(join(folder, 'zoo.cfg'), `${lines.join('\n')}\n`)
  }

  get child(): Child {
    return this.#child!
  }

  async mode(): Promise<string | undefined> {
    const text = await fourLetterWord({ host: '127.0.0.1', port: this.port }, 'srvr', {
      timeoutMs: 500,
    }).catch(() => '')
    return /^Mode: (\w+)$/m.exec(text)?.[1]
  }

  launch(): void {
    this.#child = spawnJava({
      name: `zookeeper:${this.port}`,
      classPath: this.#classPath,
      mainClass: 'org.apache.zookeeper.server.quorum.QuorumPeerMain',
      args: [join(this.#folder, 'zoo.cfg')],
      heapMb: 256,
      properties: {
        'zookeeper.extendedTypesEnabled': 'true',
        'zookeeper.4lw.commands.whitelist': '*',
        'zookeeper.admin.enableServer': 'false',
      },
      folder: this.#folder,
    })
  }

  async start(): Promise<void> {
    this.launch()
    await this.child.waitUntil('a mode in srvr', async () => (await this.mode()) !== undefined, {
      timeoutMs: 60_000,
    })
  }

  async kill(): Promise<void> {
    await this.#child?.kill()
  }

  async end(): Promise<void> {
    await this.#child?.stop()
  }
}
