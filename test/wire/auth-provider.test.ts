/** Authentication schemes of one's own: what they decide, the order of requests around them, and that a bad one harms its client only. */
import { expect } from 'chai'
import {
  type AuthClient,
  type AuthProvider,
  AuthProviders,
  type ProvenIds,
} from '../../proxy/index.ts'
import type { RawClient } from '../support/raw-client.ts'
import type { RawAcl } from '../support/raw-codec.ts'
import { collectingLogger, type Served, WireBench } from '../support/wire-bench.ts'

type Answer = ProvenIds | undefined
const acl = (id: string, scheme = 'token', perms = 31): RawAcl => ({ scheme, id, perms })
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString()

describe('auth providers', () => {
  let bench: WireBench
  let log: ReturnType<typeof collectingLogger>
  /** Calls that have no answer yet. */
  let calls: { readonly text: string; readonly client: AuthClient; answer(answer: Answer): void }[]
  let asked: (() => void)[]
  let providers: AuthProviders

  beforeEach(() => {
    bench = new WireBench()
    log = collectingLogger()
    calls = []
    asked = []
  })
  afterEach(() => bench.close())

  /** Answers when the test says so. */
  const slow: AuthProvider = {
    scheme: 'token',
    authenticate: (credentials, client) =>
      new Promise((answer) => {
        calls.push({ text: textOf(credentials), client, answer })
        for (const wake of asked.splice(0)) wake()
      }),
    isValid: (id) => id.startsWith('team-'),
    matches: (id, idInAcl) => idInAcl === 'team-*' && id.startsWith('team-'),
  }
  const untilAsked = () => new Promise<void>((resolve) => asked.push(resolve))

  async function serve(
    list: readonly AuthProvider[] = [slow],
    timeoutMs = 60_000,
    identitiesMax = 1_000,
  ): Promise<Served> {
    providers = new AuthProviders(list, { timeoutMs, logger: log.logger })
    return bench.serve({
      keeper: { aclSchemes: providers.aclSchemes() },
      proxy: { authProviders: providers, identitiesMax },
    })
  }
  const refused = async (client: RawClient) => {
    await client.waitFor(() => client.closed)
    const [reply] = client.transcript.filter(({ kind }) => kind === 'reply').slice(-1)
    return reply?.kind === 'reply' ? reply.err : undefined
  }

  it('requests behind an auth packet wait for it, those before it are judged without it', async () => {
    const served = await serve()
    const owner = await bench.connect(served)
    const isAsked = untilAsked()
    const proof = owner.auth('token', 'owner')
    await isAsked
    calls[0]?.answer({ ids: ['team-a'] })
    expect((await proof).err).to.equal(0)
    expect((await owner.create('/own', { data: 'own', acl: [acl('', 'auth')] })).err).to.equal(0)
    expect((await owner.getAcl('/own')).record.acl).to.deep.equal([acl('team-a')])

    const client = await bench.connect(served)
    const isAskedAgain = untilAsked()
    const order: string[] = []
    const note = (name: string, reply: Promise<{ err: number }>) =>
      reply.then(({ err }) => order.push(`${name} ${err}`))
    // All of it in one segment.
    const all = [
      note('write before', client.setData('/own', 'no')),
      note('read before', client.getData('/own')),
      note('auth', client.auth('token', 'guest')),
      note('read behind', client.getData('/own')),
      note('write behind', client.setData('/own', 'yes')),
      note('second auth', client.auth('token', 'other')),
      note('last', client.ping()),
    ]
    await isAskedAgain
    await Promise.all(all.slice(0, 2))
    expect(order).to.deep.equal(['write before -102', 'read before -102'])
    expect(calls.map(({ text }) => text)).to.deep.equal(['owner', 'guest'])
    const isAskedThirdly = untilAsked()
    calls[1]?.answer({ ids: ['team-a'] })
    await isAskedThirdly
    await Promise.all(all.slice(2, 5))
    expect(order.slice(2)).to.deep.equal(['auth 0', 'read behind 0', 'write behind 0'])
    calls[2]?.answer({ ids: ['team-b'] })
    await Promise.all(all)
    expect(order.slice(5)).to.deep.equal(['second auth 0', 'last 0'])
  })

  it('decides which ids an ACL may name, and what matches them', async () => {
    const served = await serve()
    const plain = await bench.connect(served)
    expect((await plain.create('/bad', { acl: [acl('nobody')] })).err).to.equal(-114)
    expect((await plain.create('/all', { acl: [acl('team-*')] })).err).to.equal(0)
    expect((await plain.create('/one', { acl: [acl('team-x')] })).err).to.equal(0)
    // A long list is looked up, a short one is walked.
    const many = Array.from({ length: 100 }, (_, i) => acl(`team-${i}`, 'token', 2))
    expect(
      (await plain.create('/long', { acl: [...many, acl('team-*', 'token', 1)] })).err,
    ).to.equal(0)
    expect((await plain.getData('/all')).err).to.equal(-102)
    const member = await bench.connect(served)
    const isAsked = untilAsked()
    const proof = member.auth('token', 'x')
    await isAsked
    expect(calls[0]?.client.address).to.equal('127.0.0.1')
    expect(calls[0]?.client.certificate).to.equal(undefined)
    calls[0]?.answer({ ids: ['team-y'] })
    await proof
    const errors = ['/all', '/one', '/long'].map(async (path) => (await member.getData(path)).err)
    expect(await Promise.all(errors)).to.deep.equal([0, -102, 0])
    expect((await member.setData('/long', 'x')).err).to.equal(-102)
  })

  it('may make a super user, and answer without a promise', async () => {
    const root: AuthProvider = {
      scheme: 'root',
      authenticate: (credentials) =>
        textOf(credentials) === 'right' ? { ids: ['root'], isSuperUser: true } : undefined,
      isValid: () => true,
    }
    const served = await serve([root])
    const plain = await bench.connect(served)
    await plain.create('/closed', { acl: [acl('somebody', 'root')] })
    const client = await bench.connect(served)
    expect((await client.getData('/closed')).err).to.equal(-102)
    expect((await client.auth('root', 'right')).err).to.equal(0)
    expect((await client.getData('/closed')).err).to.equal(0)
    const guessing = await bench.connect(served)
    guessing.auth('root', 'wrong')
    expect(await refused(guessing)).to.equal(-115)
    expect(providers.counters).to.deep.equal({ failures: 0, timeouts: 0 })
  })

  describe('one that misbehaves refuses its client, and nobody else', () => {
    const unreadable = (name: string): object =>
      Object.defineProperty({}, name, {
        get() {
          throw new Error('nobody reads this')
        },
      })
    const misbehaviour: Record<string, () => unknown> = {
      throws: () => {
        throw new Error('no such key')
      },
      rejects: () => Promise.reject(new Error('no such key')),
      'rejects with no error': () => Promise.reject('no such key'),
      'answers nonsense': () => 7,
      'answers with no ids': () => ({ ids: [] }),
      'answers with ids that are no text': () => Promise.resolve({ ids: [1n] }),
      'answers with an empty id': () => ({ ids: [''] }),
      'answers with a promise of nonsense': () => Promise.resolve('yes'),
      'throws what has no text': () => {
        throw Object.create(null)
      },
      'answers with what cannot be read': () => unreadable('ids'),
      'answers with a promise of what cannot be read': () => Promise.resolve(unreadable('ids')),
      'answers with what is a promise or is none': () => unreadable('then'),
    }
    for (const [title, answer] of Object.entries(misbehaviour)) {
      it(title, async () => {
        const bad = { scheme: 'bad', authenticate: answer, isValid: () => true } as AuthProvider
        const served = await serve([bad])
        const honest = await bench.connect(served)
        const client = await bench.connect(served)
        client.auth('bad', 'credentials')
        const behind = client.create('/behind')
        expect(await refused(client)).to.equal(-115)
        expect(await behind.catch(() => 'closed')).to.equal('closed')
        expect((await honest.exists('/behind')).err).to.equal(-101)
        expect(providers.counters).to.deep.equal({ failures: 1, timeouts: 0 })
        expect(served.proxy.stats.authFailed).to.equal(1)
        expect(log.entries.map(({ message }) => message)).to.deep.equal([
          'an authentication provider failed',
        ])
        expect(JSON.stringify(log.entries)).to.not.include('credentials')
      })
    }

    it('never answers', async () => {
      const served = await serve([slow], 50)
      const honest = await bench.connect(served)
      const client = await bench.connect(served)
      client.auth('token', 'x')
      expect(await refused(client)).to.equal(-115)
      expect(calls[0]?.client.signal.aborted).to.equal(true)
      expect(providers.counters).to.deep.equal({ failures: 0, timeouts: 1 })
      // Too late.
      calls[0]?.answer({ ids: ['team-a'] })
      expect((await honest.exists('/')).err).to.equal(0)
    })

    it('throws when it is to judge an id, or to compare two', async () => {
      const fail = () => {
        throw new Error('it is broken')
      }
      const authenticate = () => ({ ids: ['me'] })
      const judging: AuthProvider = { scheme: 'judging', authenticate, isValid: fail }
      const comparing: AuthProvider = {
        ...{ scheme: 'comparing', authenticate, isValid: () => true, matches: fail },
      }
      const served = await serve([judging, comparing])
      const client = await bench.connect(served)
      expect((await client.create('/a', { acl: [acl('x', 'judging')] })).err).to.equal(-114)
      expect((await client.create('/a', { acl: [acl('x', 'comparing')] })).err).to.equal(0)
      expect((await client.create('/me', { acl: [acl('me', 'comparing')] })).err).to.equal(0)
      expect((await client.auth('comparing', '')).err).to.equal(0)
      expect((await client.getData('/a')).err).to.equal(-102)
      // Equal ids match without being compared.
      expect((await client.getData('/me')).err).to.equal(0)
      expect(providers.counters.failures).to.equal(2)
    })

    it('judges ids with a promise, which ends nothing', async () => {
      const later = (async () => {
        throw new Error('it is broken')
      }) as unknown as () => boolean
      const authenticate = () => ({ ids: ['me'] })
      const served = await serve([{ scheme: 'late', authenticate, isValid: later }])
      const client = await bench.connect(served)
      expect((await client.create('/late', { acl: [acl('me', 'late')] })).err).to.equal(-114)
      expect((await client.exists('/')).err).to.equal(0)
      expect(providers.counters).to.deep.equal({ failures: 1, timeouts: 0 })
      expect(log.entries.map(({ fields }) => String(fields.reason))).to.deep.equal([
        'it answers with a promise, and must answer immediately',
      ])
    })

    it('names more ids than a connection may have', async () => {
      const authenticate = () => ({ ids: Array.from({ length: 50 }, (_, i) => `id${i}`) })
      const served = await serve([{ scheme: 'many', authenticate, isValid: () => true }], 1_000, 40)
      const client = await bench.connect(served)
      client.auth('many', '')
      expect(await refused(client)).to.equal(-115)
    })
  })

  it('learns that its client is gone', async () => {
    const served = await serve()
    const client = await bench.connect(served)
    const isAsked = untilAsked()
    client.auth('token', 'x')
    client.create('/behind')
    await isAsked
    const signal = calls[0]?.client.signal as AbortSignal
    const isGone = new Promise((resolve) => signal.addEventListener('abort', resolve))
    client.destroy()
    await isGone
    calls[0]?.answer({ ids: ['team-a'] })
    const honest = await bench.connect(served)
    expect((await honest.exists('/behind')).err).to.equal(-101)
  })

  it('what a client sends while it waits is bounded, and served afterwards', async () => {
    const served = await serve()
    const client = await bench.connect(served)
    const isAsked = untilAsked()
    client.auth('token', 'x')
    await isAsked
    const [connection] = [...served.proxy.connections]
    const data = Buffer.alloc(1_000)
    const writes = Array.from({ length: 2_000 }, (_, i) => client.create(`/n${i}`, { data }))
    const isPaused = async () => {
      while (connection?.socket.isPaused() !== true) await new Promise((r) => setImmediate(r))
    }
    await isPaused()
    calls[0]?.answer({ ids: ['team-a'] })
    const errors = (await Promise.all(writes)).map(({ err }) => err)
    expect(new Set(errors)).to.deep.equal(new Set([0]))
  })

  describe('is refused where it is configured', () => {
    const authenticate = () => undefined
    const isValid = () => true
    const wrong: [title: string, list: unknown[], error: RegExp][] = [
      ['without a scheme', [{ authenticate, isValid }], /has no "scheme"/],
      ['a scheme with a colon', [{ scheme: 'a:b', authenticate, isValid }], /has no "scheme"/],
      ['a scheme that is built in', [{ scheme: 'sasl', authenticate, isValid }], /is built in/],
      ['without authenticate', [{ scheme: 'a', isValid }], /has no method "authenticate"/],
      ['without isValid', [{ scheme: 'a', authenticate }], /has no method "isValid"/],
      [
        'two of one scheme',
        [
          { scheme: 'a', authenticate, isValid },
          { scheme: 'a', authenticate, isValid },
        ],
        /two authentication providers have the scheme "a"/,
      ],
    ]
    for (const [title, list, error] of wrong) {
      it(title, () => {
        expect(() => new AuthProviders(list as AuthProvider[])).to.throw(TypeError, error)
      })
    }
  })
})
