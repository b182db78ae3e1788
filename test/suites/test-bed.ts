/** The two that every suite runs on: two proxies on one etcd, and a ZooKeeper ensemble. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { startEtcd } from '../support/etcd-server.ts'
import { etcdProgram } from '../support/requirements.ts'
import { temporaryFolder } from '../support/temp-folder.ts'
import { startZookeeperEnsemble, type ZookeeperServer } from '../support/zookeeper-server.ts'
import { type Controlled, ControlServer } from './control-server.ts'

/** Unit of session timeouts, on both. */
const tickTimeMs = 2000

/** super:test, as kazoo's harness configures it. */
const superDigest = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='

/** As kazoo's harness configures them. */
const saslUsers = `Server {
  org.apache.zookeeper.server.auth.DigestLoginModule required
  user_super="super_secret"
  user_jaasuser="jaas_password";
};
`

export interface TestBed {
  readonly name: 'anykeeper' | 'zookeeper'
  /** host:port of each server; the first two are there on both. */
  readonly servers: readonly string[]
  /** host:port for `kill 0`, `start 0` and so on. */
  readonly control: string
  /** Starts again those that a suite has killed. */
  revive(): Promise<void>
  /** The newest lines of every server. */
  readonly output: string
  stop(): Promise<void>
}

export async function startTestBeds(): Promise<TestBed[]> {
  const results = await Promise.allSettled([startProxies(), startEnsemble()])
  const beds = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed === undefined) return beds
  await Promise.all(beds.map((bed) => bed.stop()))
  throw failed.reason
}

async function startProxies(): Promise<TestBed> {
  const users = join(temporaryFolder('sasl-users'), 'jaas.conf')
  writeFileSync(users, saslUsers)
  const etcd = await startEtcd({ binary: etcdProgram() })
  const options = {
    store: `etcd://${etcd.host}`,
    tickTimeMs,
    superDigest,
    args: ['--sasl-users', users, '--four-letter-words', '*'],
  }
  const proxies: AnykeeperProcess[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(proxies.map((proxy) => proxy.stop()))
    await etcd.stop()
  }
  try {
    for (let i = 0; i < 2; i++) proxies.push(await startAnykeeper(options))
  } catch (error) {
    await stop()
    throw error
  }
  return testBed('anykeeper', proxies, stop)
}

async function startEnsemble(): Promise<TestBed> {
  const jaas = join(temporaryFolder('jaas'), 'jaas.conf')
  writeFileSync(jaas, saslUsers)
  const ensemble = await startZookeeperEnsemble({
    tickTimeMs,
    config: { 'authProvider.1': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider' },
    properties: {
      'java.security.auth.login.config': jaas,
      'zookeeper.DigestAuthenticationProvider.superDigest': superDigest,
    },
  })
  return testBed('zookeeper', ensemble.members, () => ensemble.stop())
}

async function testBed(
  name: TestBed['name'],
  servers: readonly (AnykeeperProcess | ZookeeperServer)[],
  stop: () => Promise<void>,
): Promise<TestBed> {
  const controlled = servers.map(
    (server): Controlled => ({
      start: () => server.start(),
      stop: () => server.child.stop(),
      kill: () => server.kill(),
    }),
  )
  const control = await new ControlServer(controlled).listen()
  return {
    name,
    servers: servers.map(({ connectString }) => connectString),
    control: control.address,
    async revive() {
      for (const server of servers) if (!server.child.running) await server.start()
    },
    get output() {
      const tails = servers.map(({ child }) => child.output.split('\n').slice(-30).join('\n'))
      return tails.map((tail, index) => `--- ${name} ${servers[index]!.port}\n${tail}`).join('\n')
    },
    async stop() {
      control.close()
      await stop()
    },
  }
}
