/**
 * `npm run bench -- memory`: resident memory with the same znodes in both, empty, filled through the
 * wire, and after a restart on that data.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { AnykeeperProcess } from '../../test/support/anykeeper-process.ts'
import { freePort } from '../../test/support/free-port.ts'
import { startZookeeper } from '../../test/support/zookeeper-server.ts'
import type { Target } from '../load/link.ts'
import { runProgram } from '../measure.ts'
import { anykeeperVersion, etcdVersion, proxyOptions, startBenchEtcd } from '../peers/anykeeper.ts'
import { zookeeperOptions, zookeeperVersion } from '../peers/zookeeper.ts'
import { type Memory, memory } from '../process-figures.ts'
import { table, whole } from '../report/format.ts'
import { circumstances } from '../report/machine.ts'
import { type Context, peerOptions, type Suite } from './suite.ts'

/** After that nothing is collected or written any more. Unit ms. */
const SETTLE_MS = 15_000
const START_MS_MAX = 300_000
const STATES = ['empty', 'filled', 'restarted'] as const

/** A server whose memory is looked at in each state. */
interface Subject {
  readonly version: string
  /** Process name → pid, as they are now. */
  pids(): Readonly<Record<string, number>>
  readonly target: Target
  restart(): Promise<void>
  stop(): Promise<void>
}

async function zookeeperSubject({ options }: Context): Promise<Subject> {
  const server = await startZookeeper(zookeeperOptions(peerOptions(options)))
  return {
    version: `ZooKeeper ${await zookeeperVersion(server, peerOptions(options))}`,
    pids: () => ({ ZooKeeper: server.child.pid }),
    target: { host: server.host, port: server.port },
    async restart() {
      await server.kill()
      await server.start()
    },
    stop: () => server.stop(),
  }
}

async function anykeeperSubject({ options }: Context): Promise<Subject> {
  const etcd = await startBenchEtcd()
  const store = proxyOptions(`etcd://${etcd.host}`, peerOptions(options))
  const proxy = new AnykeeperProcess(await freePort(), store)
  const stop = async () => {
    await proxy.stop()
    await etcd.stop()
  }
  try {
    await proxy.start()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    version: `anykeeper ${anykeeperVersion(etcdVersion(etcd))}`,
    pids: () => ({ 'anykeeper’s proxy': proxy.child.pid, 'its etcd': etcd.pid }),
    target: { host: proxy.host, port: proxy.port },
    async restart() {
      await proxy.stop()
      await proxy.start({ timeoutMs: START_MS_MAX })
    },
    stop,
  }
}

/** By state, then by process. */
type Found = Record<(typeof STATES)[number], Readonly<Record<string, Memory>>>

async function look(subject: Subject, nodes: number, settleMs: number): Promise<Found> {
  const now = async () => {
    await sleep(settleMs)
    const entries = Object.entries(subject.pids()).map(([name, pid]) => [name, memory(pid)])
    return Object.fromEntries(entries) as Readonly<Record<string, Memory>>
  }
  const empty = await now()
  await runProgram('load/fill.ts', { targets: [subject.target], nodes })
  const filled = await now()
  await subject.restart()
  return { empty, filled, restarted: await now() }
}

function rows(found: Found, nodes: number): string[][] {
  return Object.keys(found.empty).map((name) => {
    const cells = STATES.map((state) => {
      const { resident, peak } = found[state][name]!
      return `${whole(resident)} (${whole(peak)})`
    })
    const each = (state: 'filled' | 'restarted') =>
      whole(((found[state][name]!.resident - found.empty[name]!.resident) * 2 ** 20) / nodes)
    return [name, whole(nodes), ...cells, `${each('filled')} / ${each('restarted')}`]
  })
}

const COLUMNS = [
  '',
  'znodes',
  'empty',
  'filled through the wire',
  'restarted on that data',
  'bytes to a znode, filled / restarted',
]

export const memorySuite: Suite = {
  about: 'resident memory with 1M znodes of 100 bytes, the same in both',
  async run(context) {
    const { options, args, say } = context
    const sizes = options.sizes ?? (options.quick ? [1_000] : [1_000_000])
    const settleMs = options.quick ? 200 : SETTLE_MS
    const lines: string[][] = []
    const versions = new Set<string>()
    for (const nodes of sizes) {
      for (const start of [zookeeperSubject, anykeeperSubject]) {
        const subject = await start(context)
        versions.add(subject.version)
        try {
          const found = rows(await look(subject, nodes, settleMs), nodes)
          for (const row of found) say(row.join(' | '))
          lines.push(...found)
        } catch (error) {
          say(`${subject.version}: ${(error as Error).message}`)
          lines.push([subject.version, whole(nodes), 'does not fit, or failed', '', '', ''])
        } finally {
          await subject.stop()
        }
      }
    }
    const notes = [
      `MiB resident ${settleMs / 1_000} s later, the largest since the start in parentheses; 1,000 znodes to a parent`,
    ]
    const head = circumstances({ args, versions: [...versions], notes })
    return { text: `${head}\n\n${table(COLUMNS, lines)}` }
  },
}
