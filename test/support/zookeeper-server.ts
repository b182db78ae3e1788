/** The oracle: Apache ZooKeeper, of two release lines, alone or as an ensemble. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ZookeeperSnapshot } from '../../lib/index.ts'
import type { Child } from './child.ts'
import { fourLetterWord } from './four-letter-word.ts'
import { freePort, freePorts } from './free-port.ts'
import { spawnJava } from './java.ts'
import { type ZookeeperLine, zookeeperAdminLibs, zookeeperLibs } from './requirements.ts'
import { removeFolder, temporaryFolder } from './temp-folder.ts'

/** Debian's jar names its dependencies in its manifest, except for what makes its log visible. */
const classPathDebian = ['/usr/share/java/zookeeper.jar', '/usr/share/java/slf4j-simple.jar']

export interface ZookeeperOptions {
  /** Default '3.8', Debian's 3.8.0. The others need a requirement like 'zookeeper-3.9'. */
  version?: ZookeeperLine
  /** Sessions time out between 2 and 20 of these unless `config` says otherwise. Default 2000. */
  tickTimeMs?: number
  /** Container and TTL znodes. Default true. */
  extendedTypes?: boolean
  /** More lines of zoo.cfg. */
  config?: Record<string, string | number>
  /** More system properties. */
  properties?: Record<string, string>
  /** Its AdminServer listens here: needs the requirement 'zookeeper-admin', and version 3.9. */
  adminPort?: number
  /** Of -Xmx. Default 128. */
  heapMb?: number
  /** Instead of those that make it start faster and run slower. */
  jvmFlags?: readonly string[]
  /** What it starts from. Default: an empty tree. */
  snapshot?: ZookeeperSnapshot
}

interface Member {
  port: number
  /** server.N=… lines; empty when alone. */
  peers: Record<string, string>
  myId?: number
}

export class ZookeeperServer {
  readonly host = '127.0.0.1'
  readonly port: number
  readonly #options: ZookeeperOptions
  readonly #folder: string
  #child: Child | undefined

  constructor(member: Member, options: ZookeeperOptions) {
    this.port = member.port
    this.#options = options
    this.#folder = temporaryFolder('zookeeper')
    this.#configure(member)
  }

  get connectString(): string {
    return `${this.host}:${this.port}`
  }

  /** Its snapshots and logs are in version-2 in it. */
  get dataDir(): string {
    return join(this.#folder, 'data')
  }

  get child(): Child {
    if (this.#child === undefined) throw new Error('ZooKeeper was not started')
    return this.#child
  }

  /** Starts it, also again on the same data and port; does not wait for it to serve. */
  launch(): void {
    const {
      version = '3.8',
      extendedTypes = true,
      properties,
      heapMb = 128,
      jvmFlags,
      adminPort,
    } = this.#options
    this.#child = spawnJava({
      name: `zookeeper:${this.port}`,
      classPath: adminPort === undefined ? classPathOf(version) : [join(zookeeperAdminLibs(), '*')],
      mainClass: 'org.apache.zookeeper.server.quorum.QuorumPeerMain',
      args: [join(this.#folder, 'zoo.cfg')],
      heapMb,
      ...(jvmFlags === undefined ? {} : { jvmFlags }),
      properties: {
        'zookeeper.extendedTypesEnabled': String(extendedTypes),
        'zookeeper.4lw.commands.whitelist': '*',
        'zookeeper.admin.enableServer': String(adminPort !== undefined),
        'zookeeper.admin.serverAddress': this.host,
        'zookeeper.admin.serverPort': String(adminPort ?? 0),
        ...properties,
      },
      folder: this.#folder,
    })
  }

  /** Until it serves: an ensemble member says imok before it has a leader, srvr has a mode then. */
  async waitUntilServing(): Promise<void> {
    await this.child.waitForPort(this.port, { timeoutMs: 60_000 })
    await this.child.waitUntil('a mode in srvr', async () => (await this.mode()) !== undefined, {
      timeoutMs: 60_000,
    })
  }

  async start(): Promise<this> {
    this.launch()
    await this.waitUntilServing()
    return this
  }

  fourLetterWord(word: string): Promise<string> {
    return fourLetterWord(this, word)
  }

  async mode(): Promise<'standalone' | 'leader' | 'follower' | undefined> {
    const match = /^Mode: (\w+)$/m.exec(await this.fourLetterWord('srvr'))
    return match?.[1] as 'standalone' | 'leader' | 'follower' | undefined
  }

  /** SIGKILL; start() brings it back with its data. */
  async kill(): Promise<void> {
    await this.#child?.kill()
  }

  /** SIGTERM, and its data stay: start() brings it back. */
  async end(): Promise<void> {
    await this.#child?.stop()
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    await this.#child?.stop()
    removeFolder(this.#folder)
  }

  #configure({ port, peers, myId }: Member): void {
    const { tickTimeMs = 2000, config, snapshot } = this.#options
    const { dataDir } = this
    mkdirSync(dataDir)
    if (snapshot !== undefined) {
      const folder = join(dataDir, 'version-2')
      mkdirSync(folder)
      writeFileSync(join(folder, snapshot.fileName), Buffer.concat([...snapshot.chunks]))
    }
    if (myId !== undefined) writeFileSync(join(dataDir, 'myid'), `${myId}\n`)
    const lines = {
      dataDir,
      clientPort: port,
      clientPortAddress: this.host,
      tickTime: tickTimeMs,
      initLimit: 20,
      syncLimit: 10,
      maxClientCnxns: 0,
      ...peers,
      ...config,
    }
    const text = Object.entries(lines).map(([key, value]) => `${key}=${value}\n`)
    writeFileSync(join(this.#folder, 'zoo.cfg'), text.join(''))
  }
}

function classPathOf(version: ZookeeperLine): string[] {
  if (version !== '3.8') return [join(zookeeperLibs(version), '*')]
  return classPathDebian.filter((path) => existsSync(path))
}

/** One server, ready. */
export async function startZookeeper(options: ZookeeperOptions = {}): Promise<ZookeeperServer> {
  return new ZookeeperServer({ port: await freePort(), peers: {} }, options).start()
}

/** A server that is an ensemble by itself, so that others can follow it: what it takes, for `config` and its myid. */
export async function startZookeeperLeader(
  options: ZookeeperOptions,
): Promise<{ server: ZookeeperServer; quorumPort: number }> {
  const [port, quorumPort, electionPort] = await freePorts(3)
  const peers = {
    'server.1': `127.0.0.1:${quorumPort}:${electionPort}`,
    standaloneEnabled: 'false',
  }
  const server = new ZookeeperServer({ port: port!, peers, myId: 1 }, options)
  return { server: await server.start(), quorumPort: quorumPort! }
}

export class ZookeeperEnsemble {
  readonly members: readonly ZookeeperServer[]

  constructor(members: readonly ZookeeperServer[]) {
    this.members = members
  }

  get connectString(): string {
    return this.members.map((member) => member.connectString).join(',')
  }

  async leader(): Promise<ZookeeperServer> {
    for (const member of this.members) {
      if (member.child.running && (await member.mode()) === 'leader') return member
    }
    throw new Error('no leader among the members')
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()))
  }
}

/** As many members (default 3), all serving. `configOf`: more of zoo.cfg, by the member’s id. */
export async function startZookeeperEnsemble({
  size = 3,
  configOf = () => ({}),
  ...options
}: ZookeeperOptions & {
  size?: number
  configOf?: (id: number) => Record<string, string | number>
} = {}): Promise<ZookeeperEnsemble> {
  const ids = Array.from({ length: size }, (_, index) => index + 1)
  const ports = await freePorts(3 * size)
  const peers: Record<string, string> = {}
  for (const id of ids) {
    peers[`server.${id}`] = `127.0.0.1:${ports[size + id - 1]}:${ports[2 * size + id - 1]}`
  }
  const members = ids.map(
    (myId) =>
      new ZookeeperServer(
        { port: ports[myId - 1]!, peers, myId },
        { ...options, config: { ...options.config, ...configOf(myId) } },
      ),
  )
  for (const member of members) member.launch()
  const ensemble = new ZookeeperEnsemble(members)
  try {
    await Promise.all(members.map((member) => member.waitUntilServing()))
  } catch (error) {
    await ensemble.stop()
    throw error
  }
  return ensemble
}
