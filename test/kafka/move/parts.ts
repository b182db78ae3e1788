/** What both ways of moving Kafka from ZooKeeper need: the commands, and what Kafka's epochs hang on. */
import { fileURLToPath } from 'node:url'
import { type Child, spawnChild } from '../../support/child.ts'
import type { ZnodeReader } from '../../support/znode-reader.ts'
import {
  type ClusterStore,
  chroot,
  controller,
  registrations,
  type Served,
} from '../kafka-cluster.ts'

const program = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

/** A command of the build. */
export function anykeeper(...args: string[]): Child {
  return spawnChild({
    name: `anykeeper ${args.slice(0, 2).join(' ')}`,
    command: process.execPath,
    args: [program, ...args],
  })
}

/** @returns its output @throws {Error} with its output: it failed */
export async function done(child: Child): Promise<string> {
  const { code } = await child.exited
  await child.outputEnded
  if (code !== 0) throw new Error(`${child.name} ended with ${code}:\n${child.output}`)
  return child.output
}

/** Follows, and has the tree. */
export async function startFollower(source: readonly string[], store: string): Promise<Child> {
  const follower = anykeeper('migrate', 'follow', ...source, '--store', store)
  await follower.waitUntil('a followed source', async () => (await lag(store)) !== undefined)
  return follower
}

/** ms; undefined: nothing is followed yet. */
async function lag(store: string): Promise<number | undefined> {
  const status = anykeeper('migrate', 'status', '--store', store, '--json')
  await done(status)
  const { record } = JSON.parse(status.output) as {
    record?: { phase: string; lagMs: number; zxid: number }
  }
  return record?.phase === 'following' && record.zxid > 0 ? record.lagMs : undefined
}

/** The proxies are there already, and are stopped by whoever started them. */
export function givenStore(store: string): ClusterStore {
  return {
    serve: () => Promise.reject(new Error('the proxies are there')),
    describe: () => store,
    stop: async () => {},
  }
}

/** What Kafka's epochs hang on. */
export async function stateOf(reader: ZnodeReader): Promise<unknown> {
  const epoch = await reader.read(`${chroot}/controller_epoch`)
  const claim = await reader.read(`${chroot}/controller`)
  return {
    registrations: await registrations(reader),
    controller: await controller(reader),
    claim: [claim?.text, claim?.ephemeralOwner, claim?.czxid, claim?.mzxid],
    epoch: [epoch?.text, epoch?.version, epoch?.czxid, epoch?.mzxid],
  }
}

/** Session → the address and port of its client's connection. */
export async function connectionsOf(proxies: readonly Served[]): Promise<Map<bigint, string>> {
  const found = new Map<bigint, string>()
  for (const proxy of proxies) {
    const text = await proxy.fourLetterWord('cons')
    for (const [, address, hex] of text.matchAll(/\/(\S+?)\[.*\bsid=0x([0-9a-f]+)/g)) {
      found.set(BigInt.asIntN(64, BigInt(`0x${hex}`)), `${address} at ${proxy.connectString}`)
    }
  }
  return found
}
