/** A change behind guards is judged where it is committed: what comes between the look at a znode and the change is seen. */
import { expect } from 'chai'
import { connect, type Keeper, type ZooKeeper } from '../../lib/index.ts'
import type { GuardableRequest, GuardedRequest, SessionSink } from '../../lib/internal.ts'
import { SUPER_ID } from '../../lib/internal.ts'
import { ZK_ERRORS } from '../../lib/model/errors.ts'
import { type KeeperBench, keeperBench } from '../support/keepers.ts'

const ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

describe('guarded changes', () => {
  let bench: KeeperBench
  let keeper: Keeper
  let client: ZooKeeper

  beforeEach(async () => {
    bench = keeperBench()
    keeper = (await bench.open()).keeper
    client = await connect(keeper, { timeoutMs: 30_000 })
  })
  afterEach(() => bench.close())

  /** A session as the admin port opens one: its writes are answered with their errno. */
  async function operator(): Promise<(request: GuardedRequest) => Promise<number>> {
    const answers = new Map<number, (errno: number) => void>()
    const sink: SessionSink = {
      reply: (tag, _request, _zxid, errno) => answers.get(tag)?.(errno),
      event: () => {},
      ended: () => {},
    }
    const { session } = await keeper.sessions.open(30_000, sink, [SUPER_ID])
    let tag = 0
    return (request) =>
      new Promise((resolve) => {
        answers.set(++tag, resolve)
        session.write(request, tag)
      })
  }

  const guarded = (czxid: number, request: GuardableRequest): GuardedRequest => ({
    ...{ type: 'guarded', guards: [{ path: '/a', czxid }], request },
  })

  const requests: Readonly<Record<string, GuardableRequest>> = {
    setData: { type: 'setData', path: '/a', data: 'mine', version: 0 },
    setACL: { type: 'setACL', path: '/a', acl: ACL, version: 0 },
    delete: { type: 'delete', path: '/a', version: 0 },
    create: { type: 'create', op: 15, path: '/a/b', data: '', acl: ACL, flags: 0, ttlMs: 0 },
    multi: { type: 'multi', ops: [{ type: 'delete', path: '/a', version: 0 }] },
  }

  for (const [name, request] of Object.entries(requests)) {
    it(`${name}: another incarnation with the same version, created while it was in flight, is not touched`, async () => {
      await client.create('/a', Buffer.from('first'))
      const czxid = keeper.replica.tree.get('/a')?.czxid as number
      const write = await operator()
      // All three are submitted in this tick: the replica has the first one still.
      const between = [client.delete('/a'), client.create('/a', Buffer.from('second'))]
      expect(keeper.replica.tree.get('/a')?.czxid).to.equal(czxid)
      expect(await write(guarded(czxid, request))).to.equal(ZK_ERRORS.BAD_VERSION.errno)
      await Promise.all(between)
      const node = keeper.replica.tree.get('/a')
      expect([node?.data, node?.version, node?.aversion, node?.childCount]).to.deep.equal([
        ...['second', 0, 0, 0],
      ])
      expect(await write(guarded(node?.czxid as number, request))).to.equal(0)
    })
  }

  it('one that is gone is NONODE; a version that does not match is BADVERSION as ever', async () => {
    await client.create('/a')
    const czxid = keeper.replica.tree.get('/a')?.czxid as number
    const write = await operator()
    await client.setData('/a', Buffer.from('theirs'))
    const request = requests.setData as GuardableRequest
    expect(await write(guarded(czxid, request))).to.equal(ZK_ERRORS.BAD_VERSION.errno)
    await client.delete('/a')
    expect(await write(guarded(czxid, request))).to.equal(ZK_ERRORS.NO_NODE.errno)
  })
})
