/** Where the promises of docstrings are tried: a client that is connected, until the row says otherwise. Neighbour: table. */
import { connect as connectTo, type Keeper, PERMS, type ZooKeeper } from '../../../lib/index.ts'
import { type GatedTransport, openGated } from '../gated-transport.ts'
import { settle } from '../manual-clock.ts'

const OWNER = { scheme: 'digest', auth: Buffer.from('owner:secret') }

export interface World {
  /** Nobody special. Its path `/open` is everybody's, `/closed` nobody's but the owner's, and `/own` is not there. */
  readonly client: ZooKeeper
  readonly gate: GatedTransport
  readonly owner: ZooKeeper
  readonly keeper: Keeper
  /** Only the owner may do anything at the path from now on. */
  close(path: string): Promise<unknown>
}

export async function openWorld(keeper: Keeper): Promise<World> {
  const owner = await connectTo(keeper, { auth: [OWNER] })
  const { client, gate } = await openGated(keeper)
  const acl = [{ perms: PERMS.ALL, id: { scheme: 'auth', id: '' } }]
  await owner.create('/open', Buffer.from('a'))
  await owner.create('/open/child', null)
  await owner.create('/closed', null, { acl })
  await owner.create('/closed/child', null)
  await settle()
  return { client, gate, owner, keeper, close: (path) => owner.setAcl(path, acl) }
}
