/** GroupMember in bad weather: each fault × the member and those that look on. Time is a ManualClock's. */
import { expect } from 'chai'
import { GroupMember, type GroupOptions, type ZooKeeper } from '../../lib/index.ts'
import { type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { cutBehindNextTxn, outcomeOf } from '../support/recipe-bench.ts'
import { connectRenewing } from '../support/renewing-client.ts'
import { twoClients, wordOf } from '../support/two-clients.ts'

const PATH = '/groups/mine'

describe('GroupMember', () => {
  const clients = twoClients()
  const { bench, pass } = clients
  let a: ZooKeeper
  let b: ZooKeeper
  let one: Member
  let said: string[]
  const members: GroupMember[] = []
  beforeEach(() => {
    ;({ a, b, one } = clients)
    said = []
  })
  afterEach(async () => {
    for (const member of members.splice(0)) await member.close().catch(() => {})
  })

  function memberOf(client: ZooKeeper, id: string, options: GroupOptions = {}): GroupMember {
    const member = new GroupMember(client, PATH, id, {
      onError: (error) => said.push(`${id} error ${wordOf(error)}`),
      ...options,
    })
    members.push(member)
    return member
  }

  /** As "id:data" of each. */
  async function picture(member: GroupMember): Promise<string> {
    const found = [...(await member.members())]
    return found.map(([id, data]) => `${id}:${Buffer.from(data ?? []).toString()}`).join(' ')
  }

  it('members join with their data, change them, and leave; each change is seen', async () => {
    const seen: string[] = []
    const first = memberOf(a, 'ann', {
      data: Buffer.from('1'),
      onChange: (group) => {
        seen.push([...group].map(([id, data]) => `${id}:${Buffer.from(data ?? [])}`).join(' '))
      },
    })
    const second = memberOf(b, 'bob', { data: Buffer.from('2') })
    expect(await picture(second)).to.equal('')
    await first.start()
    await settle()
    await second.start()
    await settle()
    expect(await picture(second)).to.equal('ann:1 bob:2')
    await second.setData(Buffer.from('3'))
    await settle()
    await b.create(`${PATH}/other`, null)
    await settle()
    await second.close()
    await settle()
    expect(seen.filter((one, i) => one !== seen[i - 1])).to.deep.equal(seen)
    // The first look may come before it has joined.
    expect(seen.slice(seen.indexOf('ann:1'))).to.deep.equal([
      'ann:1',
      'ann:1 bob:2',
      'ann:1 bob:3',
      'ann:1 bob:3 other:',
      'ann:1 other:',
    ])
    await first.close()
    const { length } = seen
    await b.delete(`${PATH}/other`)
    await settle()
    expect([seen.length, await picture(first)]).to.deep.equal([length, ''])
    expect(said).to.deep.equal([])
  })

  it('a change while the group is read is seen', async () => {
    const others = memberOf(b, 'bob')
    await others.start()
    let changes = 0
    // Behind the names come a member and an end.
    const racing = new Proxy(a, {
      get(client, name) {
        const value: unknown = Reflect.get(client, name, client)
        if (typeof value !== 'function') return value
        if (name !== 'getChildren') return value.bind(client)
        return async (...args: Parameters<ZooKeeper['getChildren']>) => {
          const found = await client.getChildren(...args)
          changes += 1
          if (changes > 1) return found
          await b.create(`${PATH}/cid`, null)
          await others.close()
          await settle()
          return found
        }
      },
    })
    const seen: string[][] = []
    const first = memberOf(racing, 'ann', { onChange: (group) => seen.push([...group.keys()]) })
    await first.start()
    await pass(1_000)
    expect(seen.at(-1)).to.deep.equal(['ann', 'cid'])
    expect(said).to.deep.equal([])
  })

  it('layout kazoo: ids are the data, and may be the same', async () => {
    const [ann, bob, twin] = [
      memberOf(a, 'ann', { layout: 'kazoo' }),
      memberOf(b, 'b/o/b', { layout: 'kazoo' }),
      memberOf(b, 'ann', { layout: 'kazoo' }),
    ]
    for (const member of [ann, bob, twin]) await member.start()
    await b.create(`${PATH}/other`, null)
    await settle()
    expect([...(await ann.members()).keys()].sort()).to.deep.equal(['ann', 'b/o/b'])
    const { children } = await a.getChildren(PATH)
    expect(children.filter((name) => /^[\da-f]{32}__party__$/.test(name))).to.have.length(3)
    await ann.close()
    await settle()
    expect([...(await bob.members()).keys()].sort()).to.deep.equal(['ann', 'b/o/b'])
    const refused = outcomeOf(bob.setData(null))
    await settle()
    expect(refused.now).to.equal('TypeError')
    expect(() => memberOf(a, 'x', { layout: 'kazoo', data: null })).to.throw(TypeError)
  })

  it('layout kazoo-shallow: ids are in the names', async () => {
    const [ann, bob] = [
      memberOf(a, 'ann', { layout: 'kazoo-shallow' }),
      memberOf(b, 'bob-by', { layout: 'kazoo-shallow' }),
    ]
    await ann.start()
    await bob.start()
    await settle()
    expect([...(await ann.members()).keys()].sort()).to.deep.equal(['ann', 'bob-by'])
    const { children } = await b.getChildren(PATH)
    expect(children.every((name) => /^[\da-f]{32}-(?:ann|bob-by)$/.test(name))).to.equal(true)
  })

  it('a member whose znode is deleted joins again', async () => {
    const first = memberOf(a, 'ann', { data: Buffer.from('1') })
    await first.start()
    await b.delete(`${PATH}/ann`)
    await settle()
    expect(await picture(first)).to.equal('ann:1')
  })

  it('a join with an unknown outcome makes one member, in each layout', async () => {
    await b.create('/groups', null)
    await b.create(PATH, null)
    for (const layout of ['curator', 'kazoo', 'kazoo-shallow'] as const) {
      cutBehindNextTxn(one, bench.backend)
      const first = memberOf(a, 'ann', { layout })
      const started = outcomeOf(first.start())
      await pass(TIMEOUT_MS / 2)
      expect(started.now).to.equal('pending')
      one.store.mend()
      await pass(2_000)
      expect(started.now).to.equal('done')
      expect((await b.getChildren(PATH)).children).to.have.length(1)
      await first.close()
      await settle()
      expect((await b.getChildren(PATH)).children).to.deep.equal([])
    }
  })

  it('a member that was stopped for longer than its session is none any more, and joins with the next one', async () => {
    const { client } = await connectRenewing(one)
    const seen: string[][] = []
    const onChange: GroupOptions['onChange'] = (group) => seen.push([...group.keys()])
    const first = memberOf(client, 'ann', { onChange })
    const final = memberOf(a, 'end')
    const witness = memberOf(b, 'bob')
    for (const member of [first, final, witness]) await member.start()
    await bench.freeze(one, async () => {
      await pass(3 * TIMEOUT_MS)
      expect([...(await witness.members()).keys()]).to.deep.equal(['bob'])
    })
    await pass(2_000)
    expect([...(await witness.members()).keys()]).to.deep.equal(['ann', 'bob'])
    expect([first.isClosed, final.isClosed]).to.deep.equal([false, true])
    expect(said).to.deep.equal(['end error ZK_SESSION_EXPIRED'])
    await witness.close()
    await settle()
    expect(seen.at(-1), 'it still sees changes').to.deep.equal(['ann'])
  })

  it('an outage that is shorter than the session changes nothing, and what changed meanwhile is seen then', async () => {
    const seen: string[][] = []
    const first = memberOf(a, 'ann', { onChange: (group) => seen.push([...group.keys()]) })
    await first.start()
    await settle()
    const czxid = (await b.exists(`${PATH}/ann`))?.czxid
    one.store.cut()
    await pass(TIMEOUT_MS / 4)
    await memberOf(b, 'bob').start()
    one.store.mend()
    await pass(2_000)
    expect((await b.exists(`${PATH}/ann`))?.czxid).to.equal(czxid)
    expect(seen.at(-1)).to.deep.equal(['ann', 'bob'])
  })

  it('waits for the end of a member of the same id', async () => {
    const former = memberOf(b, 'ann', { data: Buffer.from('old') })
    await former.start()
    const first = memberOf(a, 'ann', { data: Buffer.from('new') })
    const started = outcomeOf(first.start({ timeoutMs: 60_000 }))
    await pass(1_000)
    expect([started.now, await picture(first)]).to.deep.equal(['pending', 'ann:old'])
    expect(said).to.deep.equal(['ann error ZK_NODE_EXISTS'])
    await bench.freeze(clients.two, () => pass(3 * TIMEOUT_MS))
    await pass(1_000)
    expect([started.now, await picture(first)]).to.deep.equal(['done', 'ann:new'])
  })

  it('an onChange that throws or rejects is reported, and is called again', async () => {
    let calls = 0
    const first = memberOf(a, 'ann', {
      onChange() {
        calls += 1
        if (calls === 1) throw new RangeError('mine')
        return Promise.reject(new RangeError('mine')) as unknown as undefined
      },
    })
    await first.start()
    await settle()
    const before = calls
    await memberOf(b, 'bob').start()
    await settle()
    expect(calls).to.equal(before + 1)
    expect(said).to.deep.equal(Array.from({ length: calls }, () => 'ann error CALLBACK_FAILED'))
  })

  it('without onError a callback that throws is a warning of the process', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const first = new GroupMember(a, PATH, 'ann', {
      onChange() {
        throw new RangeError('mine')
      },
    })
    members.push(first)
    await first.start()
    await settle()
    expect(wordOf(await warned)).to.equal('CALLBACK_FAILED')
  })

  it('start() ends with its signal and its timeout, and close() leaves nothing', async () => {
    one.store.cutWrites()
    const first = memberOf(a, 'ann')
    const abort = new AbortController()
    const waits = [first.start({ signal: abort.signal }), first.start({ timeoutMs: 1_000 })].map(
      outcomeOf,
    )
    abort.abort()
    await pass(1_000)
    expect(waits.map(({ now }) => now)).to.deep.equal(['AbortError', 'ZK_OPERATION_TIMEOUT'])
    const closed = outcomeOf(first.close())
    one.store.mendWrites()
    await pass(1_000)
    expect([closed.now, await picture(first)]).to.deep.equal(['done', ''])
  })

  it('a client’s close ends the membership without a word', async () => {
    const first = new GroupMember(a, PATH, 'ann', { onChange: () => {} })
    await first.start()
    await a.close()
    await settle()
    expect(first.isClosed).to.equal(true)
    expect(await picture(memberOf(b, 'bob'))).to.equal('')
    await first.close()
  })

  it('does not permit what makes no sense', () => {
    for (const id of ['', 'a/b', '.']) expect(() => memberOf(a, id), id).to.throw()
    expect(() => memberOf(a, 'x', { layout: 'odd' as 'kazoo' })).to.throw()
    expect(() => new GroupMember(a, '/', 'x')).to.throw(TypeError)
  })
})
