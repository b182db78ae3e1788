/** Data that are too large: what was kept with others is kept on, and only the call that wanted them rejects. */
import { expect } from 'chai'
import {
  connect,
  GroupMember,
  PersistentNode,
  ServiceDiscovery,
  ZK_ERRORS,
  ZnodeError,
  type ZooKeeper,
} from '../../lib/index.ts'
import { livenessBench } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { outcomeOf } from '../support/recipe-bench.ts'
import { aheadOf, wordOf } from '../support/two-clients.ts'

const PATH = '/services/mine'
const LIMIT = 1_000
const SMALL = Buffer.from('small')
const LARGE = Buffer.alloc(LIMIT + 1)

describe('data that are too large', () => {
  const bench = livenessBench()
  const said: unknown[] = []
  const onError = (error: unknown): void => {
    said.push(wordOf(error))
  }
  let client: ZooKeeper
  beforeEach(async () => {
    said.length = 0
    client = await connect((await bench.start()).keeper, { requestBytesMax: LIMIT })
  })
  const dataOf = async (path = PATH): Promise<string> =>
    String(Buffer.from((await client.getData(path)).data ?? []))

  for (const mode of ['ephemeral', 'persistent'] as const) {
    it(`PersistentNode, ${mode}: those of before stay, and later ones are written`, async () => {
      const node = new PersistentNode(client, PATH, { mode, data: SMALL, onError })
      await node.start()
      const refused = [LARGE, LARGE].map((data) => outcomeOf(node.setData(data)))
      await settle()
      expect(refused.map(({ now }) => now)).to.deep.equal(['ZK_BAD_ARGUMENTS', 'ZK_BAD_ARGUMENTS'])
      expect([node.isClosed, String(Buffer.from(node.data ?? [])), await dataOf()]).to.deep.equal([
        false,
        'small',
        'small',
      ])
      const late = outcomeOf(node.setData(LARGE))
      await node.setData(Buffer.from('newer'))
      await settle()
      expect([late.now === 'pending', await dataOf(), said]).to.deep.equal([false, 'newer', []])
      await client.delete(PATH)
      await settle()
      expect(await dataOf()).to.equal('newer')
      await node.close()
      expect(await client.exists(PATH)).to.equal(undefined)
    })
  }

  it('what is refused while there is no znode: it is created with those of before', async () => {
    const node = new PersistentNode(client, PATH, { data: SMALL, onError })
    await node.start()
    void client.delete(PATH)
    const refused = outcomeOf(node.setData(LARGE))
    await settle()
    expect([refused.now, await dataOf(), said]).to.deep.equal(['ZK_BAD_ARGUMENTS', 'small', []])
    await node.close()
  })

  it('a quota is another word of it: ZK_QUOTA_EXCEEDED', async () => {
    const limited = aheadOf(client, 'setData', async (path) => {
      throw new ZnodeError(ZK_ERRORS.QUOTA_EXCEEDED.errno, path)
    })
    const member = new GroupMember(limited, '/services', 'mine', { data: SMALL, onError })
    await member.start()
    const refused = outcomeOf(member.setData(Buffer.from('x')))
    await settle()
    expect([refused.now, member.isClosed, await dataOf()]).to.deep.equal([
      'ZK_QUOTA_EXCEEDED',
      false,
      'small',
    ])
    await member.close()
  })

  it('the first ones: it is closed with the word', async () => {
    const node = new PersistentNode(client, PATH, { data: LARGE, onError })
    const started = outcomeOf(node.start())
    await settle()
    expect([started.now, node.isClosed]).to.deep.equal(['ZK_BAD_ARGUMENTS', true])
  })

  it('an instance of a service stays registered as it was', async () => {
    const services = new ServiceDiscovery(client, '/services', { onError })
    const instance = await services.register({ name: 'mine', id: 'one', address: 'host' })
    const update = services.update({ ...instance, payload: 'x'.repeat(LIMIT) })
    const refused = outcomeOf(update)
    await settle()
    expect(refused.now).to.equal('ZK_BAD_ARGUMENTS')
    expect([services.registered, await services.instances('mine')]).to.deep.equal([
      [instance],
      [instance],
    ])
    await services.close()
  })
})
