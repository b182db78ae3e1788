/** PersistentNode in bad weather: each fault × its modes. Time is a ManualClock's. */
import { expect } from 'chai'
import {
  createOp,
  PersistentNode,
  type PersistentNodeMode,
  type PersistentNodeOptions,
  type ZooKeeper,
} from '../../lib/index.ts'
import { type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { cutBehindNextTxn, outcomeOf } from '../support/recipe-bench.ts'
import { connectRenewing } from '../support/renewing-client.ts'
import { twoClients, uncaughtDuring, wordOf } from '../support/two-clients.ts'

const PARENT = '/nodes/below'
const PATH = `${PARENT}/mine`

describe('PersistentNode', () => {
  const clients = twoClients()
  const { bench, pass } = clients
  let a: ZooKeeper
  let b: ZooKeeper
  let one: Member
  let said: string[]
  const nodes: PersistentNode[] = []
  beforeEach(() => {
    ;({ a, b, one } = clients)
    said = []
  })
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.close().catch(() => {})
  })

  function nodeOf(client: ZooKeeper, options: PersistentNodeOptions = {}): PersistentNode {
    const node = new PersistentNode(client, PATH, {
      data: Buffer.from('first'),
      onCreated: () => said.push('created'),
      onError: (error) => said.push(`error ${wordOf(error)}`),
      ...options,
    })
    nodes.push(node)
    return node
  }

  async function textAt(path: string | undefined): Promise<string | undefined> {
    await b.sync()
    if (path === undefined || (await b.exists(path)) === undefined) return undefined
    return Buffer.from((await b.getData(path)).data ?? []).toString()
  }

  const names = async (): Promise<readonly string[]> => (await b.getChildren(PARENT)).children

  const modes: [mode: PersistentNodeMode, ephemeral: boolean, name: RegExp][] = [
    ['ephemeral', true, /^mine$/],
    ['ephemeral-sequential', true, /^_c_[\da-f-]{36}-mine\d{10}$/],
    ['persistent', false, /^mine$/],
    ['persistent-sequential', false, /^_c_[\da-f-]{36}-mine\d{10}$/],
    ['container', false, /^mine$/],
  ]
  for (const [mode, isEphemeral, name] of modes) {
    it(`${mode}: is created with its parents, again when deleted, with its newest data, and deleted in the end`, async () => {
      const node = nodeOf(a, { mode })
      await node.start()
      const path = String(node.path)
      expect((await names()).filter((child) => name.test(child))).to.have.length(1)
      const owner = (await b.exists(path))?.ephemeralOwner
      expect(owner).to.equal(isEphemeral ? a.sessionId : 0n)
      expect(await textAt(path)).to.equal('first')
      await b.delete(path)
      await settle()
      expect(await textAt(path)).to.equal('first')
      await node.setData(Buffer.from('second'))
      expect(await textAt(path)).to.equal('second')
      await b.delete(path)
      await settle()
      expect([await textAt(path), node.path]).to.deep.equal(['second', path])
      expect(said).to.deep.equal(['created', 'created', 'created'])
      await node.close()
      expect([await names(), node.isClosed]).to.deep.equal([[], true])
    })

    it(`${mode}: a create with an unknown outcome makes one`, async () => {
      await a.create('/nodes', null)
      await a.create(PARENT, null)
      cutBehindNextTxn(one, bench.backend)
      const node = nodeOf(a, { mode })
      const started = outcomeOf(node.start())
      await pass(TIMEOUT_MS / 2)
      expect(started.now).to.equal('pending')
      one.store.mend()
      await pass(2_000)
      expect(started.now).to.equal('done')
      expect(await names()).to.have.length(1)
      expect(await textAt(node.path)).to.equal('first')
      await node.close()
      expect(await names()).to.deep.equal([])
    })

    it(`${mode}: closed behind a create with an unknown outcome it leaves nothing`, async () => {
      await a.create('/nodes', null)
      await a.create(PARENT, null)
      cutBehindNextTxn(one, bench.backend)
      const node = nodeOf(a, { mode })
      const started = outcomeOf(node.start())
      await pass(TIMEOUT_MS / 2)
      const closed = outcomeOf(node.close())
      await settle()
      expect([started.now, closed.now]).to.deep.equal(['Error', 'pending'])
      one.store.mend()
      await pass(2_000)
      expect(closed.now).to.equal('done')
      expect(await names()).to.deep.equal([])
    })

    it(`${mode}: follows a session that was replaced`, async () => {
      const { client } = await connectRenewing(one)
      const before = client.sessionId
      const node = nodeOf(client, { mode })
      await node.start()
      await bench.freeze(one, () => pass(3 * TIMEOUT_MS))
      await pass(2_000)
      expect(client.sessionId).to.not.equal(before)
      const owner = (await b.exists(String(node.path)))?.ephemeralOwner
      expect(owner).to.equal(isEphemeral ? client.sessionId : 0n)
      expect(await names()).to.have.length(1)
      await node.setData(Buffer.from('second'))
      expect(await textAt(node.path)).to.equal('second')
      await node.close()
      expect(await names()).to.deep.equal([])
    })
  }

  it('ephemeral: replaces that of its own lost session without a moment in which there is none', async () => {
    const { client, lose } = await connectRenewing(one)
    const node = nodeOf(client)
    await node.start()
    const seen: unknown[] = []
    const look = async (): Promise<void> => {
      // Of the same member: it sees every transaction before the next one.
      seen.push((await a.exists(PATH, look))?.ephemeralOwner)
    }
    await look()
    const former = lose()
    await pass(1_000)
    expect(seen).to.deep.equal([former.sessionId, client.sessionId])
    await former.close()
    await settle()
    expect(await textAt(PATH)).to.equal('first')
  })

  it('ephemeral: is there for as long as its session, through an outage', async () => {
    const node = nodeOf(a)
    await node.start()
    const czxid = (await b.exists(PATH))?.czxid
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    const written = outcomeOf(node.setData(Buffer.from('second')))
    one.store.mend()
    await pass(2_000)
    expect([(await b.exists(PATH))?.czxid, written.now]).to.deep.equal([czxid, 'done'])
    expect(await textAt(PATH)).to.equal('second')
  })

  it('closes when its session expires and none follows: waits end, and it is reported', async () => {
    const node = nodeOf(a)
    await node.start()
    one.store.cut()
    await pass(1_000)
    const written = outcomeOf(node.setData(Buffer.from('second')))
    await pass(3 * TIMEOUT_MS)
    expect(await textAt(PATH)).to.equal(undefined)
    one.store.mend()
    await pass(2_000)
    expect([node.isClosed, written.now]).to.deep.equal([true, 'ZK_SESSION_EXPIRED'])
    expect(said).to.deep.equal(['created', 'error ZK_SESSION_EXPIRED'])
    const late = outcomeOf(node.setData(null))
    await settle()
    expect(late.now).to.equal('ZK_SESSION_EXPIRED')
    await node.close()
  })

  it('persistent: close() behind the end of its client says that it stays', async () => {
    const node = nodeOf(a, { mode: 'persistent' })
    const late = nodeOf(a, { mode: 'persistent' })
    await node.start()
    await late.start()
    one.store.cut()
    await pass(3 * TIMEOUT_MS)
    // The client may come back, so it resolves; what comes of the delete behind that is nobody's.
    await node.close()
    const closed = a.close()
    one.store.mend()
    await pass(1_000)
    await closed
    expect(await late.close().catch(wordOf)).to.equal('ZK_SESSION_EXPIRED')
    expect(await textAt(PATH)).to.equal('first')
  })

  it('a write that is in flight when the session is replaced is made under the next one', async () => {
    const { client } = await connectRenewing(one)
    const node = nodeOf(client)
    await node.start()
    one.store.cutWrites()
    const written = outcomeOf(node.setData(Buffer.from('second')))
    await settle()
    await bench.freeze(one, () => pass(3 * TIMEOUT_MS))
    one.store.mendWrites()
    await pass(2_000)
    expect([written.now, await textAt(PATH)]).to.deep.equal(['done', 'second'])
  })

  it('waits for the end of an ephemeral of another client', async () => {
    await nodeOf(b, { data: Buffer.from('theirs') }).start()
    const node = nodeOf(a)
    const started = outcomeOf(node.start())
    await pass(2_000)
    expect([started.now, await textAt(PATH)]).to.deep.equal(['pending', 'theirs'])
    expect(said).to.deep.equal(['created', 'error ZK_NODE_EXISTS'])
    await b.setData(PATH, Buffer.from('changed'))
    await settle()
    expect(said.splice(0), 'reported once').to.have.length(2)
    await nodes[0]?.close()
    await settle()
    expect([started.now, await textAt(PATH)]).to.deep.equal(['done', 'first'])
    await b.multi([
      { type: 'delete', path: PATH, version: -1 },
      createOp(PATH, Buffer.from('theirs'), { mode: 'ephemeral' }),
    ])
    await settle()
    expect(said).to.deep.equal(['created', 'error ZK_NODE_EXISTS'])
    await node.close()
    expect(await textAt(PATH), 'it is not deleted by another').to.equal('theirs')
  })

  it('closed before its turn it leaves another client’s alone', async () => {
    for (const mode of ['ephemeral', 'persistent'] as const) {
      await a.create(mode === 'ephemeral' ? '/nodes' : '/kept', null)
      const path = mode === 'ephemeral' ? '/nodes/x' : '/kept/x'
      await b.create(path, Buffer.from('theirs'), { mode })
      const node = new PersistentNode(a, path, { mode })
      const started = outcomeOf(node.start())
      await node.close()
      await settle()
      expect(started.now).to.equal('Error')
      expect(await textAt(path), mode).to.equal('theirs')
    }
  })

  it('persistent: one that is there gets its data', async () => {
    await a.create('/nodes', null)
    await a.create(PARENT, null)
    await b.create(PATH, Buffer.from('theirs'))
    const node = nodeOf(a, { mode: 'persistent' })
    await node.start()
    expect(await textAt(PATH)).to.equal('first')
    await b.setData(PATH, Buffer.from('theirs'))
    await settle()
    expect(await textAt(PATH), 'what others write stays').to.equal('theirs')
    await b.delete(PATH)
    await settle()
    expect(await textAt(PATH)).to.equal('first')
  })

  it('persistent: with children it is not deleted by close(), which says so', async () => {
    const node = nodeOf(a, { mode: 'persistent' })
    await node.start()
    await a.create(`${PATH}/child`, null)
    const closed = outcomeOf(node.close())
    await settle()
    expect(closed.now).to.equal('ZK_NOT_EMPTY')
    expect(await textAt(PATH)).to.equal('first')
  })

  it('ttl: writes its child touch twice in a TTL, and is left to it', async () => {
    const node = nodeOf(a, { mode: 'ttl', ttlMs: 10_000 })
    await node.start()
    await pass(4_000)
    expect(await textAt(`${PATH}/touch`)).to.equal(undefined)
    await pass(1_500)
    expect((await b.exists(`${PATH}/touch`))?.version).to.equal(0)
    await pass(10_000)
    expect((await b.exists(`${PATH}/touch`))?.version).to.equal(2)
    expect((await b.exists(PATH))?.version, 'its own watchers are not woken').to.equal(0)
    await node.close()
    await pass(20_000)
    expect((await b.exists(`${PATH}/touch`))?.version).to.equal(2)
    expect(await textAt(PATH)).to.equal('first')
  })

  it('start() rejects when it can never be, and closes', async () => {
    await a.create('/nodes', null, { mode: 'ephemeral' })
    const node = nodeOf(a)
    const started = outcomeOf(node.start())
    await settle()
    expect([started.now, node.isClosed]).to.deep.equal(['ZK_NO_CHILDREN_FOR_EPHEMERALS', true])
    await node.close()
  })

  it('its waits end by their signal and timeout, and what they wait for is done nevertheless', async () => {
    await a.create('/nodes', null)
    await a.create(PARENT, null)
    one.store.cutWrites()
    const node = nodeOf(a)
    const abort = new AbortController()
    const waits = [
      node.start({ signal: abort.signal }),
      node.waitForCreate({ timeoutMs: 1_000 }),
    ].map(outcomeOf)
    await settle()
    waits.push(outcomeOf(node.setData(Buffer.from('second'), { timeoutMs: 1_000 })))
    abort.abort()
    await pass(1_000)
    expect(waits.map(({ now }) => now)).to.deep.equal([
      'AbortError',
      'ZK_OPERATION_TIMEOUT',
      'ZK_OPERATION_TIMEOUT',
    ])
    one.store.mendWrites()
    await pass(1_000)
    expect(await textAt(PATH)).to.equal('second')
    const late = outcomeOf(node.waitForCreate({ signal: abort.signal }))
    const wrong = outcomeOf(node.waitForCreate({ timeoutMs: 0 }))
    await settle()
    expect([late.now, wrong.now]).to.deep.equal(['AbortError', 'TypeError'])
  })

  it('is closed while the store is out of reach, and deleted once it is back', async () => {
    const node = nodeOf(a, { mode: 'persistent' })
    await node.start()
    one.store.cut()
    await pass(TIMEOUT_MS / 4)
    const closed = outcomeOf(node.close())
    await pass(1_000)
    expect(closed.now).to.equal('pending')
    one.store.mend()
    await pass(2_000)
    expect([closed.now, await names()]).to.deep.equal(['done', []])
  })

  it('close() while the store stays out of reach ends with the session', async () => {
    const node = nodeOf(a)
    await node.start()
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    const closed = outcomeOf(node.close())
    await pass(TIMEOUT_MS)
    expect(closed.now).to.equal('done')
    one.store.mend()
    await pass(3 * TIMEOUT_MS)
    expect(await names()).to.deep.equal([])
  })

  it('an onCreated that throws is reported, and harms nothing', async () => {
    const node = nodeOf(a, {
      onCreated() {
        throw new RangeError('mine')
      },
    })
    await node.start()
    await settle()
    expect(said).to.deep.equal(['error CALLBACK_FAILED'])
    await b.delete(PATH)
    await settle()
    expect(await textAt(PATH)).to.equal('first')
  })

  it('an error that nobody receives is thrown in a task of its own', async () => {
    const thrown = await uncaughtDuring(async () => {
      const node = new PersistentNode(a, '/node')
      nodes.push(node)
      await node.start()
      await bench.freeze(one, () => pass(3 * TIMEOUT_MS))
      await pass(1_000)
    })
    expect(thrown.map(wordOf)).to.deep.equal(['ZK_SESSION_EXPIRED'])
  })

  it('a client’s close ends it without a word', async () => {
    const node = new PersistentNode(a, '/node')
    await node.start()
    await a.close()
    await settle()
    expect(node.isClosed).to.equal(true)
    await node.close()
  })

  it('does not permit what makes no sense', () => {
    for (const options of [
      { mode: 'odd' },
      { mode: 'ttl' },
      { ttlMs: 5 },
      { data: 'text' },
      { parents: 'ephemeral' },
    ]) {
      expect(() => new PersistentNode(a, PATH, options as PersistentNodeOptions)).to.throw()
    }
    expect(() => new PersistentNode(a, '/')).to.throw(TypeError)
  })
})
