/** The parents that a recipe needs. Neighbour: own-znode. */
import { ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import { parentOf } from '../../model/path.ts'
import type { KeeperClient } from '../keeper-client.ts'

/**
 * Creates a path and its missing parents, as containers: a container is deleted some time after its
 * last child, so data that must stay belongs below a path made with create().
 * @throws {ZnodeError} as create(), except ZK_NODE_EXISTS
 */
export async function createContainers(client: KeeperClient, path: string): Promise<void> {
  if (path === '/' || (await client.exists(path)) !== undefined) return
  await createContainers(client, parentOf(path))
  try {
    await client.create(path, null, { mode: 'container' })
  } catch (error) {
    if (!(error instanceof ZnodeError) || error.errno !== ZK_ERRORS.NODE_EXISTS.errno) throw error
  }
}
