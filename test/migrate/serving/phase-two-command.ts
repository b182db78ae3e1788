/**
 * `anykeeper migrate follow`, `serve --serve-while-following` and `migrate take-over`, as commands with the flags for what the servers of
 * an ensemble want of each other: a client of the proxy is forwarded, and is not disconnected by the take-over.
 */
import { expect } from 'chai'
import { connect, type ZooKeeper } from '../../../lib/index.ts'
import { type AnykeeperProcess, startAnykeeper } from '../../support/anykeeper-process.ts'
import { type Child, spawnChild } from '../../support/child.ts'
import { startEtcd } from '../../support/etcd-server.ts'
import { etcdProgram } from '../../support/requirements.ts'
import { anykeeperProgram } from '../../support/run-anykeeper.ts'
import type { ZookeeperServer } from '../../support/zookeeper-server.ts'

const WAIT = { timeoutMs: 60_000 }
const SESSION_MS = 20_000

export interface PhaseTwoFlags {
  /** `--quorum-…` that the servers accept. */
  readonly right: readonly string[]
  /** Those that they refuse, or that refuse them, and the sentence of both commands. */
  readonly wrong: readonly string[]
  readonly why: RegExp
}

/** From the first copy to the take-over. The server leads, and nobody is its client. */
export async function phaseTwoByCommand(
  server: ZookeeperServer,
  { right, wrong, why }: PhaseTwoFlags,
): Promise<void> {
  const etcd = await startEtcd({ binary: etcdProgram() })
  const store = `etcd://${etcd.host}`
  const children: Child[] = []
  const proxies: AnykeeperProcess[] = []
  let client: ZooKeeper | undefined

  function migrate(verb: string, ...args: readonly string[]): Child {
    const all = [...anykeeperProgram, 'migrate', verb, '--store', store, ...args]
    const child = spawnChild({ name: `migrate ${verb}`, command: process.execPath, args: all })
    children.push(child)
    return child
  }
  const follow = (flags: readonly string[]): Child =>
    migrate('follow', '--source', server.connectString, ...flags)
  async function serve(flags: readonly string[]): Promise<AnykeeperProcess> {
    const args = ['--serve-while-following', '--max-session-timeout', `${SESSION_MS}`, ...flags]
    const proxy = await startAnykeeper({ store, args, from: 'sources' })
    proxies.push(proxy)
    return proxy
  }

  try {
    // Of another prefix, where it waits for nobody's place.
    const stranger = follow([...wrong, '--prefix', '/stranger'])
    const follower = follow(right)
    await stranger.waitForLine(why, WAIT)
    await stranger.kill()
    await follower.waitForLine(/the tree of the ensemble is copied/, WAIT)
    const [proxy, refused] = await Promise.all([serve(right), serve(wrong)])
    await refused.child.waitForLine(why, WAIT)
    expect(await refused.fourLetterWord('srvr')).to.not.match(/^Mode: observer$/m)
    // One that is killed keeps the take-over waiting, until its lease has run out.
    await refused.stop()
    const serves = async () => /^Mode: observer$/m.test(await proxy.fourLetterWord('srvr'))
    await proxy.child.waitUntil('Mode: observer', serves, WAIT)

    client = await connect(`zk://${proxy.connectString}`, { timeoutMs: SESSION_MS })
    const states: string[] = []
    client.onStateChange((state) => void states.push(String(state)))
    await client.create('/mine', null, { mode: 'ephemeral' })
    const direct = await connect(`zk://${server.connectString}`, { timeoutMs: SESSION_MS })
    const forwarded = await direct.exists('/mine').finally(() => direct.close())
    expect(forwarded?.ephemeralOwner).to.equal(client.sessionId)

    const taking = migrate('take-over')
    const { code } = await taking.exited
    await taking.outputEnded
    expect(code, taking.output).to.equal(0)
    await client.create('/behind')
    const kept = await client.exists('/mine')
    expect(kept).to.deep.include({ ephemeralOwner: client.sessionId, czxid: forwarded?.czxid })
    expect(states).to.deep.equal([])
    expect(await proxy.fourLetterWord('srvr')).to.not.match(/^Mode: observer$/m)
  } finally {
    await client?.close()
    await Promise.all([...proxies.map((one) => one.kill()), ...children.map((one) => one.kill())])
    await etcd.stop()
  }
}
