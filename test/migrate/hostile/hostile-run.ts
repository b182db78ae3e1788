/**
 * One client sends what the leader may not expect, through a proxy that serves while ZooKeeper leads, and another client’s session on
 * the same proxy must stay on its connection and be served: its writes are acknowledged after each frame.
 */
import { RawClient, type RawReply } from '../../support/raw-client.ts'
import type { ZookeeperLine } from '../../support/requirements.ts'
import { startZookeeperEnsemble } from '../../support/zookeeper-server.ts'
import { ServeBed } from '../serving/serve-bed.ts'
import { FRAMES, GREETINGS } from './frames.ts'

const LATE_MS = 15_000
/** Far less than a proxy of ours takes by default. */
export const JUTE_BYTES_MAX = 65_536

export interface HostileOptions {
  readonly line: ZookeeperLine
  /** Which of them by name. @default all */
  readonly only?: RegExp
  readonly size?: number
  readonly onProblem?: (text: string) => void
}

export interface HostileReport {
  readonly frames: number
  /** What happened to the other client, each with the frame. */
  readonly problems: readonly string[]
  /** Connections of the proxy to its leader that ended. */
  readonly disconnects: number
  /** Requests that the ensemble would not have taken. */
  readonly tooLong: number
}

export async function hostileRun(options: HostileOptions): Promise<HostileReport> {
  const { line, only = /./, size = line === '3.4' ? 2 : 1 } = options
  const ensemble = await startZookeeperEnsemble({
    ...{ version: line, size, heapMb: 96, tickTimeMs: 500 },
    properties: {
      'jute.maxbuffer': `${JUTE_BYTES_MAX}`,
      'zookeeper.jute.maxbuffer.extrasize': '1024',
    },
    config: { standaloneEnabled: 'false', maxSessionTimeout: 60_000 },
  })
  const bed = await ServeBed.open(ensemble)
  const problems: string[] = []
  let frames = 0
  try {
    await bed.follow()
    const { port, keeper } = await bed.serve()
    const counters = keeper.upstream!.counters
    let bystander = await RawClient.connect({ port, timeoutMs: 60_000 })
    await bystander.create('/hostile')
    const judge = async (name: string): Promise<void> => {
      frames++
      const problem = await harm(bystander)
      if (problem === undefined) return
      problems.push(`${name}: ${problem}`)
      options.onProblem?.(`${name}: ${problem}`)
      bystander.destroy()
      bystander = await anew(port)
    }
    for (const [name, send] of Object.entries(FRAMES)) {
      if (!only.test(name)) continue
      const client = await anew(port)
      await ended(client, send(client))
      client.destroy()
      await judge(name)
    }
    for (const [name, send] of Object.entries(GREETINGS)) {
      if (!only.test(name)) continue
      const client = await RawClient.connect({ port, handshake: false })
      send(client)
      await judge(name)
      client.destroy()
    }
    bystander.destroy()
    return { frames, problems, disconnects: counters.disconnects, tooLong: counters.tooLong }
  } finally {
    await bed.close()
  }
}

/** All are answered, or the connection is gone. */
async function ended(client: RawClient, replies: readonly Promise<RawReply>[]): Promise<void> {
  if (replies.length > 0) await within(client.exists('/')).catch(() => {})
}

async function harm(bystander: RawClient): Promise<string | undefined> {
  try {
    const { err } = await within(bystander.setData('/hostile', 'x'))
    return err === 0 ? undefined : `error ${err}`
  } catch (error) {
    return String(error)
  }
}

/** The proxy has to find the leader again. */
async function anew(port: number): Promise<RawClient> {
  const untilMs = performance.now() + 60_000
  for (;;) {
    try {
      return await RawClient.connect({ port, timeoutMs: 60_000 })
    } catch (error) {
      if (performance.now() > untilMs) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

function within<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${LATE_MS} ms`)), LATE_MS)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
