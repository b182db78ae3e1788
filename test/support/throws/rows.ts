/** Parts of the rows of the table. Neighbours: table-verbs, table-recipes. */
import { type Acl, type WaitOptions, ZnodeError, type ZooKeeper } from '../../../lib/index.ts'
import type { World } from './world.ts'

export type Call = (world: World) => unknown
/** By error. */
export type Row = Readonly<Record<string, Call>>

export const BAD = 'no path'
export const P = '/open/recipe'
export const NONE = '/none'
export const CLOSED = '/closed/recipe'
export const DATA = Buffer.from('x')
/** As a caller without types passes it. */
export const wrong = <T>(value: unknown): T => value as T
export const noAcl = [{ perms: 31, id: { scheme: 'no-such', id: 'x' } }] as readonly Acl[]
export const nobody = { takeLeadership: () => {} }

export const drain = async (steps: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of steps);
}

/** What its server answers. */
export const answered =
  ({ errno }: { readonly errno: number }) =>
  () =>
    Promise.reject(new ZnodeError(errno, P, { outcome: 'unapplied' }))

/** Its session is over. */
export async function ended({ client }: World): Promise<ZooKeeper> {
  await client.close()
  return client
}
/** It cannot be reached. */
export function away({ client, gate }: World): ZooKeeper {
  gate.cut()
  return client
}
export const atWorld =
  (call: (client: ZooKeeper) => unknown): Call =>
  ({ client }) =>
    call(client)
export const whenEnded =
  (call: (client: ZooKeeper) => unknown): Call =>
  async (world) =>
    call(await ended(world))
export const whenAway =
  (call: (client: ZooKeeper) => unknown): Call =>
  (world) =>
    call(away(world))

/** Of a recipe at a path. */
export const atRoot = (make: (client: ZooKeeper, path: string) => unknown): Row => ({
  TypeError: atWorld((client) => make(client, '/')),
})

export const outages = (call: (client: ZooKeeper) => unknown): Row => ({
  ZK_SESSION_EXPIRED: whenEnded(call),
  ZK_CONNECTION_LOSS: whenAway(call),
})

/** A wait that lasts while the client is away. `prepare`: while it is connected. */
export function wait<T>(
  prepare: (client: ZooKeeper) => T | Promise<T>,
  begin: (prepared: T, options: WaitOptions) => unknown,
): Row {
  const reason = new RangeError('reason')
  return {
    reason: async (world) => {
      const prepared = await prepare(world.client)
      away(world)
      const abort = new AbortController()
      const waiting = begin(prepared, { signal: abort.signal })
      abort.abort(reason)
      return waiting
    },
    ZK_OPERATION_TIMEOUT: async (world) => {
      const prepared = await prepare(world.client)
      away(world)
      return begin(prepared, { timeoutMs: 500 })
    },
    ZK_SESSION_EXPIRED: async (world) => {
      const prepared = await prepare(world.client)
      return begin(prepared, await ended(world).then(() => ({})))
    },
    TypeError: async (world) => begin(await prepare(world.client), { timeoutMs: 0 }),
  }
}

export const onPath = (at: (client: ZooKeeper, path: string) => unknown): Row => ({
  ZK_BAD_ARGUMENTS: atWorld((client) => at(client, BAD)),
  ZK_NO_NODE: atWorld((client) => at(client, NONE)),
  ZK_NO_AUTH: atWorld((client) => at(client, '/closed')),
})
