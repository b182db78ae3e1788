/** An ensemble whose members have their data and are not started yet; of one it is an ensemble all the same. */
import { freePorts } from '../../support/free-port.ts'
import {
  ZookeeperEnsemble,
  type ZookeeperOptions,
  ZookeeperServer,
} from '../../support/zookeeper-server.ts'

export interface NewEnsemble extends ZookeeperEnsemble {
  readonly servers: readonly { readonly host: string; readonly port: number }[]
  readonly quorum: readonly { readonly host: string; readonly port: number }[]
  /** All of them, until they serve. */
  start(): Promise<void>
}

export async function newEnsemble({
  size,
  ...options
}: ZookeeperOptions & { readonly size: number }): Promise<NewEnsemble> {
  const ids = Array.from({ length: size }, (_, at) => at + 1)
  const ports = await freePorts(3 * size)
  const host = '127.0.0.1'
  const quorum = ids.map((id) => ({ host, port: ports[size + id - 1]! }))
  const peers: Record<string, string> = size === 1 ? { standaloneEnabled: 'false' } : {}
  for (const [at, { port }] of quorum.entries()) {
    peers[`server.${at + 1}`] = `${host}:${port}:${ports[2 * size + at]}`
  }
  const members = ids.map(
    (myId) => new ZookeeperServer({ port: ports[myId - 1]!, peers, myId }, options),
  )
  return Object.assign(new ZookeeperEnsemble(members), {
    servers: members.map(({ port }) => ({ host, port })),
    quorum,
    start: async () => {
      for (const member of members) member.launch()
      await Promise.all(members.map((member) => member.waitUntilServing()))
    },
  })
}
