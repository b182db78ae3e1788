/** The number of leases that the znode of kazoo's Semaphore says, so that all clients agree on it. Neighbour: semaphore. */
import { isZnodeError, ZK_ERRORS } from '../../model/errors.ts'
import { createMissing } from '../paths.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { throughOutages } from './until-gone.ts'
import type { WaitScope } from './wait-scope.ts'

/** What Python's int() takes, of what kazoo writes. */
const NUMBER = /^\s*[+-]?\d+\s*$/

/**
 * Makes the znode, with the number, if it is missing. Data that is no number is nobody's, as kazoo has it.
 * @throws {RangeError} it says another number; as the scope; {ZnodeError} as create() and getData()
 */
export function agreeOnMaxLeases(
  client: ZooKeeper,
  path: string,
  maxLeases: number,
  scope: WaitScope,
): Promise<void> {
  const text = Buffer.from(String(maxLeases))
  return throughOutages(client, scope, async () => {
    for (;;) {
      scope.throwIfEnded()
      try {
        const { data } = await client.getData(path)
        const stored = Buffer.from(data ?? []).toString()
        if (!NUMBER.test(stored) || Number(stored) === maxLeases) return
        throw new RangeError(`maxLeases is ${maxLeases}, and ${path} says ${stored.trim()}`)
      } catch (error) {
        if (!isZnodeError(error, ZK_ERRORS.NO_NODE)) throw error
      }
      await createMissing(client, path, (one) => client.create(one, one === path ? text : null))
    }
  })
}
