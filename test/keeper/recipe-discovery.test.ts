/** ServiceDiscovery in good and bad weather, on members of one memory store. Time is a ManualClock's. */
import { expect } from 'chai'
import {
  connect,
  type NewServiceInstance,
  ServiceDiscovery,
  type ServiceInstance,
  type ZooKeeper,
} from '../../lib/index.ts'
import { type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { cutBehindNextTxn, outcomeOf } from '../support/recipe-bench.ts'
import { twoClients, wordOf } from '../support/two-clients.ts'

const BASE = '/services'
const ECHO = `${BASE}/echo`
const instance = (id: string, more: object = {}): NewServiceInstance & { id: string } => ({
  name: 'echo',
  id,
  address: '10.0.0.1',
  ...more,
})
const idsOf = (instances: readonly ServiceInstance[]): string[] => instances.map(({ id }) => id)

describe('ServiceDiscovery', () => {
  const clients = twoClients()
  const { bench, pass } = clients
  let a: ZooKeeper
  let b: ZooKeeper
  let one: Member
  let said: (string | undefined)[]
  let ours: ServiceDiscovery
  let theirs: ServiceDiscovery
  const open: ServiceDiscovery[] = []
  beforeEach(() => {
    ;({ a, b, one } = clients)
    said = []
    ours = discoveryOf(a)
    theirs = discoveryOf(b)
  })
  afterEach(async () => {
    for (const discovery of open.splice(0)) await discovery.close().catch(() => {})
  })
  function discoveryOf(client: ZooKeeper): ServiceDiscovery {
    const discovery = new ServiceDiscovery(client, BASE, {
      onError: (error) => said.push(wordOf(error)),
    })
    open.push(discovery)
    return discovery
  }

  it('registers, updates and unregisters, in Curator’s JSON', async () => {
    expect([await theirs.names(), await theirs.instances('echo')]).to.deep.equal([[], []])
    const made = await ours.register({ name: 'echo', address: '10.0.0.1', port: 80 })
    expect(made.id).to.match(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    await settle()
    const { data, stat } = await b.getData(`${ECHO}/${made.id}`)
    expect(stat.ephemeralOwner).to.equal(a.sessionId)
    const text = Buffer.from(data ?? []).toString()
    expect(text).to.equal(
      `{"name":"echo","id":"${made.id}","address":"10.0.0.1","port":80,"sslPort":null,"payload":null,` +
        `"registrationTimeUTC":${made.registrationTimeUTC},"serviceType":"DYNAMIC","uriSpec":null}`,
    )
    expect([await theirs.names(), await theirs.instances('echo')]).to.deep.equal([['echo'], [made]])
    const changed = await ours.update({ ...made, payload: { weight: 3 }, enabled: false })
    await settle()
    expect(await theirs.instances('echo')).to.deep.equal([changed])
    expect(changed.registrationTimeUTC).to.equal(made.registrationTimeUTC)
    expect(ours.registered).to.deep.equal([changed])
    await theirs.unregister(made)
    expect(await theirs.instances('echo')).to.have.length(1)
    await ours.unregister(made)
    await settle()
    expect([await theirs.instances('echo'), ours.registered]).to.deep.equal([[], []])
  })

  it('STATIC and PERMANENT are persistent; close() deletes all that it has registered', async () => {
    for (const serviceType of ['STATIC', 'PERMANENT', 'DYNAMIC'] as const) {
      await ours.register(instance(serviceType, { serviceType }))
    }
    await settle()
    const owners = async () =>
      Promise.all(
        (await b.getChildren(ECHO)).children
          .toSorted()
          .map(async (id) => (await b.exists(`${ECHO}/${id}`))?.ephemeralOwner),
      )
    expect(await owners()).to.deep.equal([a.sessionId, 0n, 0n])
    await ours.close()
    await settle()
    expect(await owners()).to.deep.equal([])
    expect(await ours.register(instance('x')).catch(wordOf)).to.equal('Error')
  })

  it('an instance whose znode is deleted is registered again', async () => {
    await ours.register(instance('one'))
    await settle()
    await b.delete(`${ECHO}/one`)
    await settle()
    expect(idsOf(await theirs.instances('echo'))).to.deep.equal(['one'])
  })

  it('replaces the instance of an earlier run that has not expired yet', async () => {
    await theirs.register(instance('one', { port: 1 }))
    await settle()
    await ours.register(instance('one', { port: 2 }))
    await settle()
    const [found] = await ours.instances('echo')
    expect([found?.port, (await b.exists(`${ECHO}/one`))?.ephemeralOwner]).to.deep.equal([
      2,
      a.sessionId,
    ])
  })

  it('one of a stopped process is gone with its session, and registered again with the next', async () => {
    const renewing = await connect(one.keeper, { timeoutMs: TIMEOUT_MS, renew: true })
    const renewed = discoveryOf(renewing)
    await renewed.register(instance('one'))
    await ours.register(instance('two'))
    await bench.freeze(one, async () => {
      await pass(3 * TIMEOUT_MS)
      expect(await theirs.instances('echo')).to.deep.equal([])
    })
    await pass(3_000)
    expect(idsOf(await theirs.instances('echo'))).to.deep.equal(['one'])
    expect(said, 'the one without renew').to.deep.equal(['ZK_SESSION_EXPIRED'])
    await renewed.close()
    await renewing.close()
  })

  it('a register with an unknown outcome makes one instance', async () => {
    await b.create(BASE, null)
    await b.create(ECHO, null)
    await settle()
    cutBehindNextTxn(one, bench.backend)
    const registered = outcomeOf(ours.register(instance('one')))
    await pass(TIMEOUT_MS / 2)
    expect(registered.now).to.equal('pending')
    one.store.mend()
    await pass(2_000)
    expect(registered.now).to.equal('done')
    expect(idsOf(await theirs.instances('echo'))).to.deep.equal(['one'])
  })

  it('what is no instance is left out, and reported, and so are fields that are not known', async () => {
    await ours.register(instance('one'))
    await settle()
    await b.create(`${ECHO}/bad`, Buffer.from('{"name":"echo"}'))
    const old = { name: 'echo', id: 'old', address: 'h', port: 1, sslPort: null, payload: null }
    await b.create(`${ECHO}/old`, Buffer.from(JSON.stringify({ ...old, extra: 1 })))
    await settle()
    const found = await theirs.instances('echo')
    expect(idsOf(found)).to.deep.equal(['old', 'one'])
    expect(found[0]).to.deep.include({ enabled: true, serviceType: 'DYNAMIC', port: 1 })
    expect(said).to.deep.equal(['CODEC_FAILED'])
  })

  it('a register ends with its signal and its timeout; unregister() ends the rest', async () => {
    one.store.cutWrites()
    const abort = new AbortController()
    const waits = [
      ours.register(instance('one'), { signal: abort.signal }),
      ours.register(instance('two'), { timeoutMs: 1_000 }),
    ].map(outcomeOf)
    abort.abort()
    await pass(1_000)
    expect(waits.map(({ now }) => now)).to.deep.equal(['AbortError', 'ZK_OPERATION_TIMEOUT'])
    const ends = ours.registered.map((known) => outcomeOf(ours.unregister(known)))
    one.store.mendWrites()
    await pass(2_000)
    expect(ends.map(({ now }) => now)).to.deep.equal(['done', 'done'])
    expect(await theirs.instances('echo')).to.deep.equal([])
  })

  it('a provider follows them: each in turn, enabled ones, those with few errors', async () => {
    const provider = theirs.provider('echo', { errorsMax: 2, errorsMs: 10_000 })
    const seen: string[] = []
    provider.onChange((instances) => seen.push(idsOf(instances).join(' ')))
    await provider.start()
    expect([provider.next(), seen]).to.deep.equal([undefined, ['']])
    for (const id of ['one', 'two', 'three']) await ours.register(instance(id))
    await settle()
    expect(idsOf(provider.all)).to.deep.equal(['one', 'three', 'two'])
    const taken = [1, 2, 3, 4].map(() => provider.next()?.id)
    expect(new Set(taken).size).to.equal(3)
    expect(taken[3]).to.equal(taken[0])
    await ours.update(instance('one', { enabled: false }))
    await settle()
    expect(idsOf(provider.all)).to.deep.equal(['three', 'two'])
    provider.noteError({ id: 'two' })
    expect(provider.all).to.have.length(2)
    provider.noteError({ id: 'two' })
    provider.noteError({ id: 'nobody' })
    expect(idsOf(provider.all)).to.deep.equal(['three'])
    await pass(10_250)
    expect(provider.all).to.have.length(2)
    await ours.unregister(instance('two'))
    await settle()
    expect(idsOf(provider.all)).to.deep.equal(['three'])
    expect(seen).to.deep.equal(['', 'one', 'one two', 'one three two', 'three two', 'three'])
    await theirs.close()
    await ours.unregister(instance('three'))
    await settle()
    expect(idsOf(provider.all), 'closed').to.deep.equal(['three'])
  })

  it('sticky stays with one as long as it is there, random takes any', async () => {
    const ids = ['one', 'two', 'three', 'four']
    for (const id of ids) await ours.register(instance(id))
    const sticky = theirs.provider('echo', { strategy: 'sticky' })
    const random = theirs.provider('echo', { strategy: 'random' })
    await sticky.start()
    await random.start()
    const first = sticky.next()?.id as string
    for (let i = 0; i < 20; i++) expect(sticky.next()?.id).to.equal(first)
    await ours.unregister(instance(first))
    await settle()
    const second = sticky.next()?.id
    expect(second).to.not.equal(first)
    expect(sticky.next()?.id).to.equal(second)
    const taken = new Set(Array.from({ length: 200 }, () => random.next()?.id))
    expect([...taken].sort()).to.deep.equal(ids.filter((id) => id !== first).sort())
  })

  it('does not permit what makes no sense', async () => {
    const codes = await Promise.all(
      [
        ours.register({ name: 'a/b', address: 'h' }),
        ours.register(instance('x', { port: 70_000 })),
        ours.register(instance('x', { serviceType: 'DYNAMIC_SEQUENTIAL' })),
        ours.register({ name: 'echo' } as NewServiceInstance),
        ours.update(instance('nobody')),
      ].map((call) => call.catch(wordOf)),
    )
    expect(codes).to.deep.equal(Array.from({ length: 5 }, () => 'ZK_BAD_ARGUMENTS'))
    await ours.register(instance('x'))
    expect(await ours.register(instance('x')).catch(wordOf)).to.equal('ZK_BAD_ARGUMENTS')
    expect(() => ours.provider('echo', { errorsMax: 0 })).to.throw('errorsMax')
    expect(() => new ServiceDiscovery(a, '/')).to.throw(TypeError)
  })
})
