/**
 * Captures test/wire/fixtures/<version>/*.hex: npx tsx test/wire/capture/capture.ts 3.9 java (or raw).
 * Starts ZooKeeper of that release line itself. `java`: ZooKeeper's own client of that version behind a
 * relay, so that no byte is from a codec of ours. `raw`: the tests' raw client, for what that one does
 * not send. Needs a JDK.
 */

import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { CapturedFrame } from '../../support/fixtures.ts'
import { RawClient } from '../../support/raw-client.ts'
import { OPEN_ACL } from '../../support/raw-codec.ts'
import { type ZookeeperLine, zookeeperLibs, zookeeperVersions } from '../../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../../support/temp-folder.ts'
import {
  startZookeeper,
  startZookeeperEnsemble,
  type ZookeeperOptions,
} from '../../support/zookeeper-server.ts'
import { RAW_SCENARIOS } from './raw-scenarios.ts'
import { Relay } from './relay.ts'

const JAVA_CLIENT = fileURLToPath(new URL('CaptureClient.java', import.meta.url))
/** Of one server; `sasl` and `reconfig` have servers of their own. */
const JAVA_SCENARIOS = [
  'create',
  'read',
  'write',
  'children',
  'multi',
  'watches',
  'set-watches',
  'set-watches2',
  'auth',
  'auth-failed',
  'ping',
  'read-only',
  'session-gone',
]
const JAAS = `Server {
  org.apache.zookeeper.server.auth.DigestLoginModule required
  user_user="secret";
};
`

const line = process.argv[2] as ZookeeperLine
const version = zookeeperVersions[line]
const folder = new URL(`../fixtures/${version}/`, import.meta.url)
const today = new Date().toISOString().slice(0, 10)
mkdirSync(folder, { recursive: true })
if (process.argv[3] === 'java') await captureJava()
else await captureRaw()

function save(
  name: string,
  client: string,
  frames: readonly CapturedFrame[],
  server = 'standalone',
) {
  const by = `captured ${today} by test/wire/capture`
  const origin = `# ZooKeeper ${version}, ${server}, extendedTypesEnabled=true; ${client}; ${by}`
  const lines = frames.map(({ direction, body }) => `${direction} ${body.toString('hex')}`)
  writeFileSync(new URL(`${name}.hex`, folder), `${[origin, ...lines].join('\n')}\n`)
}

async function captureJava(): Promise<void> {
  const plain = await startZookeeper({ version: line })
  await java(JAVA_SCENARIOS, plain.port, 'standalone')
  await plain.stop()

  const jaasFolder = temporaryFolder('capture')
  const jaas = join(jaasFolder, 'jaas.conf')
  writeFileSync(jaas, JAAS)
  const withSasl: ZookeeperOptions = {
    version: line,
    properties: {
      'zookeeper.authProvider.1': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
      'java.security.auth.login.config': jaas,
    },
  }
  const sasl = await startZookeeper(withSasl)
  await java(['sasl'], sasl.port, 'standalone with SASL')
  await sasl.stop()
  removeFolder(jaasFolder)

  const ensemble = await startZookeeperEnsemble({
    version: line,
    size: 1,
    config: { standaloneEnabled: 'false', reconfigEnabled: 'true' },
    properties: { 'zookeeper.skipACL': 'yes' },
  })
  await java(['reconfig'], ensemble.members[0]!.port, 'an ensemble of one, reconfigEnabled')
  await ensemble.stop()
}

async function java(scenarios: readonly string[], port: number, server: string): Promise<void> {
  const relay = await Relay.to(port)
  const classPath =
    line === '3.9'
      ? join(zookeeperLibs(line), '*')
      : '/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar'
  const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=off'
  const addresses = [`127.0.0.1:${relay.port}`, `127.0.0.1:${port}`]
  const args = [log, '-cp', classPath, JAVA_CLIENT, ...addresses]
  const child = spawn('java', args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  for (const scenario of scenarios) {
    relay.connections = []
    child.stdin.write(`${scenario}\n`)
    for (;;) {
      const { value, done } = await lines.next()
      if (done) throw new Error(`the client failed at ${scenario}`)
      if (value === 'cut') relay.cut()
      if (value === 'done') break
    }
    for (const [index, frames] of relay.connections.entries()) {
      const name = index === 0 ? `java-${scenario}` : `java-${scenario}-resumed`
      save(name, `its own Java client ${version} behind a relay`, frames, server)
    }
  }
  child.stdin.end()
  relay.close()
}

async function captureRaw(): Promise<void> {
  const server = await startZookeeper({ version: line })
  const { port } = server
  const client = 'raw-client'
  const cleaner = await RawClient.connect({ port })
  for (const [name, run] of Object.entries(RAW_SCENARIOS)) {
    const path = `/fixture-${name}`
    const raw = await RawClient.connect({ port, readOnly: false, keepFrames: true })
    await run(raw, path)
    save(name, client, raw.frames)
    raw.destroy()
    await removeTree(cleaner, path)
  }
  const gone = { sessionId: 0x1234n }
  for (const [name, options] of Object.entries({
    'connect-without-readonly': {},
    'connect-session-gone': gone,
    'connect-session-gone-readonly': { ...gone, readOnly: true },
  })) {
    const raw = await RawClient.connect({ port, keepFrames: true, ...options })
    save(name, client, raw.frames)
    raw.destroy()
  }
  await cleaner.close()
  await server.stop()
}

async function removeTree(cleaner: RawClient, path: string): Promise<void> {
  const { record } = await cleaner.getChildren(path)
  for (const child of record.children ?? []) await removeTree(cleaner, `${path}/${child}`)
  await cleaner.setAcl(path, OPEN_ACL)
  await cleaner.delete(path)
}
