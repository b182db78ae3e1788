/**
 * Makes test/copy/fixtures/zookeeper/<version>/ again: npx tsx test/copy/capture-zookeeper.ts [3.4 3.6 3.8 3.9].
 * Starts ZooKeepers itself; the jars of those of Maven must be in the cache. See fixtures/zookeeper/README.md.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RawClient } from '../support/raw-client.ts'
import {
  missing,
  type ZookeeperLine,
  zookeeperRequirement,
  zookeeperVersions,
} from '../support/requirements.ts'
import {
  startZookeeper,
  startZookeeperLeader,
  type ZookeeperOptions,
  type ZookeeperServer,
} from '../support/zookeeper-server.ts'
import { captureLearner } from './learner.ts'
import { wirePicture } from './wire-picture.ts'
import { WRITTEN_PROPERTIES, writeEverything, zxidOf } from './zookeeper-writes.ts'

const FIXTURES = fileURLToPath(new URL('fixtures/zookeeper', import.meta.url))
/** Zeroes behind the last record of a log that are kept. */
const PADDING = 32

function optionsFor(version: ZookeeperLine): ZookeeperOptions {
  return {
    version,
    config: {
      snapCount: 30,
      tickTime: 500,
      ...(version === '3.4' ? {} : { reconfigEnabled: 'true' }),
    },
    properties: {
      ...WRITTEN_PROPERTIES,
      // KiB.
      'zookeeper.preAllocSize': '1',
      'zookeeper.skipACL': 'no',
      ...(version === '3.9' ? { 'zookeeper.snapshot.compression.method': 'gz' } : {}),
    },
  }
}

async function capture(line: ZookeeperLine): Promise<void> {
  const lack = missing(zookeeperRequirement[line])
  if (lack !== undefined) throw new Error(lack)
  const folder = join(FIXTURES, zookeeperVersions[line])
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const started =
    line === '3.4'
      ? { server: await startZookeeper(optionsFor(line)), quorumPort: undefined }
      : await startZookeeperLeader(optionsFor(line))
  const { server, quorumPort } = started
  try {
    const { owner } = await writeEverything(server.port, line)
    if (quorumPort !== undefined) {
      await reconfigure(server)
      const meanwhile = () => writeForLearner(server.port, owner)
      const bytes = await captureLearner({ port: quorumPort, informs: 6, meanwhile })
      writeFileSync(join(folder, 'learner.bin'), bytes)
    }
    const picture = await wirePicture(server.port)
    const entries = [...picture].map(([path, entry]) => [path, entry])
    owner.ping()
    writeFileSync(
      join(folder, 'picture.jsonl'),
      `${JSON.stringify({
        zookeeper: zookeeperVersions[line],
        zxid: await zxidOf(server),
        session: owner.sessionId.toString(16),
        password: owner.password.toString('hex'),
        timeoutMs: owner.timeoutMs,
        znodes: Object.fromEntries(entries),
      })}\n`,
    )
    owner.destroy()
    await server.end()
    keepData(join(server.dataDir, 'version-2'), folder)
  } finally {
    await server.stop()
  }
  console.log(folder, readdirSync(folder).join(' '))
}

async function writeForLearner(port: number, owner: RawClient): Promise<void> {
  const client = await RawClient.connect({ port, timeoutMs: 20_000 })
  await client.create('/learner', { data: 'followed', flags: 1 })
  await client.create('/learner')
  await owner.setData('/plain', 'seen by the observer')
  await client.multi([{ op: 5, path: '/plain', data: 'in a multi' }])
  await client.close()
}

/** A reconfig that adds an observer which is nowhere. */
async function reconfigure({ port }: ZookeeperServer): Promise<void> {
  const client = await RawClient.connect({ port, timeoutMs: 20_000 })
  await client.auth('digest', 'super:test')
  const { err } = await client.reconfig({
    joining: 'server.7=127.0.0.1:1:2:observer;127.0.0.1:3',
    leaving: null,
    newMembers: null,
    curConfigId: -1,
  })
  if (err !== 0) throw new Error(`reconfig: ${err}`)
  await client.close()
}

/** All snapshots and logs, without most of the zeroes. */
function keepData(from: string, to: string): void {
  for (const name of readdirSync(from)) {
    if (!/^(snapshot|log)\./.test(name)) continue
    const bytes = readFileSync(join(from, name))
    let end = bytes.length
    if (name.startsWith('log.')) {
      while (bytes[end - 1] === 0) end--
      end += PADDING
    }
    writeFileSync(join(to, name), bytes.subarray(0, end))
  }
}

const lines = process.argv.slice(2) as ZookeeperLine[]
for (const line of lines.length > 0 ? lines : (['3.4', '3.6', '3.8', '3.9'] as const)) {
  await capture(line)
}
