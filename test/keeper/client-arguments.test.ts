/** What a caller passes is checked at the door: it is refused with a reason, or it works, and nobody else notices. */
import { expect } from 'chai'
import fc from 'fast-check'
import {
  type ClientOp,
  type ClientOptions,
  type CreateOptions,
  connect,
  createOp,
  createOrSet,
  deleteRecursive,
  isKeeperError,
  mkdirp,
  OPEN_ACL,
  walk,
  type ZooKeeper,
} from '../../lib/index.ts'
import { keeperBench } from '../support/keepers.ts'

type Call = (client: ZooKeeper, args: readonly unknown[]) => Promise<unknown>

/** Called as JavaScript calls them: without types. */
const method =
  (name: string): Call =>
  (client, args) =>
    (client as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>)[name]!(
      ...args,
    )

const verb =
  (run: unknown): Call =>
  async (client, args) =>
    (run as (...args: readonly unknown[]) => Promise<unknown>)(client, ...args)

const drain: Call = async (client, args) => {
  const steps = (walk as (...args: unknown[]) => AsyncIterable<unknown>)(client, ...args)
  for await (const _ of steps);
}

const data = Buffer.from('x')
const watch = (): void => {}
const ops: readonly ClientOp[] = [createOp('/fuzz/m-', data, { mode: 'persistent-sequential' })]

/** Every public method, with arguments that are right. */
const calls: [name: string, call: Call, args: readonly unknown[]][] = [
  ['create', method('create'), ['/fuzz/c-', data, { mode: 'persistent-sequential' }]],
  ['delete', method('delete'), ['/fuzz/none', -1]],
  ['setData', method('setData'), ['/fuzz/n', data, -1]],
  ['setAcl', method('setAcl'), ['/fuzz/n', OPEN_ACL, -1]],
  ['getData', method('getData'), ['/fuzz/n', watch]],
  ['exists', method('exists'), ['/fuzz/n', watch]],
  ['getChildren', method('getChildren'), ['/fuzz/n', watch]],
  ['getAcl', method('getAcl'), ['/fuzz/n']],
  ['multi', method('multi'), [ops]],
  ['sync', method('sync'), ['/']],
  ['mkdirp', verb(mkdirp), ['/fuzz/a/b', { data }]],
  ['deleteRecursive', verb(deleteRecursive), ['/fuzz/a']],
  ['createOrSet', verb(createOrSet), ['/fuzz/s', data, {}]],
  ['walk', drain, ['/fuzz/n']],
]

const throwing = (): never => {
  throw new RangeError('of the caller')
}
const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable([], {})
  revoke()
  return proxy
}
/** fast-check itself does not survive these: it is given their numbers. */
const proxies: readonly unknown[] = [
  new Proxy({}, { get: throwing, ownKeys: throwing, has: throwing, getPrototypeOf: throwing }),
  new Proxy(Buffer.from('x'), {}),
  new Proxy(throwing, {}),
  revoked(),
]
class ProxyNumber {
  readonly at: number
  constructor(at: number) {
    this.at = at
  }
}
const real = (given: unknown): unknown => (given instanceof ProxyNumber ? proxies[given.at] : given)

const hostile = fc.constantFrom<unknown>(
  Object.defineProperty({}, 'mode', { enumerable: true, get: throwing }),
  Object.assign([], { [Symbol.iterator]: throwing }),
  { toString: throwing, valueOf: throwing, [Symbol.toPrimitive]: throwing },
  Object.create(null),
  new Array(4_000_000_000),
  Symbol('s'),
  throwing,
  async () => throwing(),
  new DataView(new ArrayBuffer(4)),
  new Uint8Array(new SharedArrayBuffer(4)),
  new Uint16Array(2),
  '\ud800',
  '/\u{1f600}',
  `/${'x'.repeat(100_000)}`,
  '/a'.repeat(40),
  Number.NaN,
  2 ** 31,
  -(2 ** 53),
  1.5,
)
const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
})
const odd = fc.oneof(hostile, anything)
const maybe = (...right: unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...right) }, odd)
const acl = fc.array(
  fc.record(
    {
      perms: maybe(31, 0),
      id: fc.oneof(
        fc.record({
          scheme: maybe('world', 'digest', 'auth', 'ip'),
          id: maybe('anyone', 'a:b', ''),
        }),
        odd,
      ),
    },
    { requiredKeys: [] },
  ),
  { maxLength: 3 },
)
const options = fc.record(
  {
    mode: maybe('ttl', 'container', 'ephemeral'),
    acl: fc.oneof(acl, odd),
    ttlMs: maybe(1, 2 ** 40),
    data: odd,
    extra: odd,
  },
  { requiredKeys: [] },
)
const multi = fc.array(
  fc.record(
    {
      type: maybe('create', 'delete', 'setData', 'check'),
      op: maybe(1, 15, 19, 21),
      path: maybe('/fuzz/n', '/fuzz/new', '/'),
      data: maybe(null, 'text', data),
      acl: fc.oneof(acl, odd),
      flags: maybe(0, 1, 2, 3, 4, 5, 6),
      ttlMs: maybe(0, 10),
      version: maybe(-1, 0),
    },
    { requiredKeys: [] },
  ),
  { maxLength: 4 },
)
const aProxy = fc.nat(proxies.length - 1).map((at) => new ProxyNumber(at))
const value = fc.oneof(odd, options, acl, multi, aProxy)

describe('keeper/client-arguments', () => {
  const bench = keeperBench()
  let client: ZooKeeper
  const faults: unknown[] = []

  before(async () => {
    const { keeper } = await bench.open()
    client = await connect(keeper, { onError: (error) => faults.push(error) })
    await mkdirp(client, '/fuzz/n')
    await client.create('/probe', data)
  })
  after(() => bench.close())

  for (const [name, call, args] of calls) {
    it(`${name}: any value in any place works, or is refused by name, and the next write works`, async () => {
      const place = fc.nat(args.length - 1)
      await fc.assert(
        fc.asyncProperty(place, value, fc.option(value, { nil: args[0] }), async (at, one, two) => {
          const given = args.map((right, i) => (i === at ? real(one) : right))
          await settle(call(client, given))
          await settle(call(client, [real(two), ...given.slice(1)]))
          const { version } = await client.setData('/probe', data)
          expect(version).to.be.above(0)
        }),
        { numRuns: 150 },
      )
    })
  }

  it('connect: any options work, or are refused', async () => {
    const { keeper } = await bench.open()
    const shape = fc.record(
      { timeoutMs: odd, digest: maybe('a:b'), onState: odd, onError: odd, more: odd },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(fc.oneof(shape, odd, aProxy), fc.boolean(), async (given, isKeeper) => {
        const withAny = connect as (...args: unknown[]) => Promise<ZooKeeper>
        const opened = await settle(withAny(isKeeper ? keeper : real(given), real(given)))
        await (opened as ZooKeeper | undefined)?.close()
      }),
      { numRuns: 150 },
    )
  })

  const refusals: [what: string, run: () => Promise<unknown>, code: string, message: string][] = [
    [
      'a relative path',
      () => client.create('a'),
      'BAD_ARGUMENTS',
      'path must start with "/", got "a"',
    ],
    [
      'a slash at the end',
      () => client.create('/a/'),
      'BAD_ARGUMENTS',
      'path must not end with "/"',
    ],
    ['an empty component', () => client.delete('/a//b'), 'BAD_ARGUMENTS', 'an empty component'],
    ['a dot', () => client.sync('/a/../b'), 'BAD_ARGUMENTS', 'must not be relative'],
    ['a NUL', () => client.getAcl('/a\0'), 'BAD_ARGUMENTS', 'a character that ZooKeeper does not'],
    ['a path that is none', () => client.exists(7 as never), 'BAD_ARGUMENTS', 'a string, got 7'],
    [
      'text',
      () => client.setData('/n', 'x' as never),
      'BAD_ARGUMENTS',
      'got "x": use Buffer.from(text)',
    ],
    ['no data', () => client.setData('/n', undefined as never), 'BAD_ARGUMENTS', 'got undefined'],
    ['a version', () => client.delete('/n', 1.5), 'BAD_ARGUMENTS', 'version must be an integer'],
    [
      'a mode',
      () => create({ mode: 'x' as never }),
      'BAD_ARGUMENTS',
      'mode must be one of persistent, ',
    ],
    [
      'an option',
      () => create({ ttl: 1 } as never),
      'BAD_ARGUMENTS',
      'unknown option "ttl"; known are mode',
    ],
    [
      'a TTL without its mode',
      () => create({ ttlMs: 1 }),
      'BAD_ARGUMENTS',
      'ttl and ttl-sequential only',
    ],
    ['no TTL', () => create({ mode: 'ttl' }), 'BAD_ARGUMENTS', 'ttlMs must be an integer from 1'],
    ['an empty ACL', () => create({ acl: [] }), 'INVALID_ACL', 'at least one entry'],
    ['no id', () => create({ acl: [{ perms: 1 } as never] }), 'INVALID_ACL', 'acl[0].id must be'],
    [
      'perms',
      () => client.setAcl('/', [{ ...OPEN_ACL[0]!, perms: 32 }]),
      'INVALID_ACL',
      'acl[0].perms',
    ],
    [
      'a watch',
      () => client.getData('/', 'x' as never),
      'BAD_ARGUMENTS',
      'watch must be a function',
    ],
    ['an operation', () => client.multi([{ type: 'x' } as never]), 'BAD_ARGUMENTS', 'ops[0].type'],
    [
      'no list',
      () => client.multi(null as never),
      'BAD_ARGUMENTS',
      'ops must be an array, got null',
    ],
  ]
  const create = (given: CreateOptions) => client.create('/x', null, given)
  for (const [what, run, code, message] of refusals) {
    it(`says what is wrong: ${what}`, async () => {
      const error = await run().then(
        () => undefined,
        (reason: Error & { code: string }) => reason,
      )
      expect(error?.code).to.equal(`ZK_${code}`)
      expect(error?.message).to.include(message)
    })
  }

  it('says which option of connect is wrong', async () => {
    const { keeper } = await bench.open()
    const error = await connect(keeper, { timeoutMs: -1 }).catch((e: unknown) => e)
    expect((error as Error).message).to.match(/^timeoutMs must be an integer from 1 to .*, got -1$/)
  })

  it('an option of connect that is called later must have what is called, before anything is opened', async () => {
    const { keeper } = await bench.open()
    const wrong: [options: object, message: string][] = [
      [{ logger: 'pino' }, 'logger must be an object, got "pino"'],
      [{ logger: null }, 'logger must be an object, got null'],
      [
        { logger: { debug() {}, info() {}, error: 7 } },
        'logger must have the methods debug(), info(), warn(), error(); it lacks warn(), error()',
      ],
      [{ clock: Date }, 'clock must be an object, got a function'],
      [
        { clock: { now() {} } },
        'clock must have the methods now(), monotonic(), after(); it lacks monotonic(), after()',
      ],
      [
        { random: {} },
        'random must have the methods bytes(), fraction(); it lacks bytes(), fraction()',
      ],
    ]
    for (const [options, message] of wrong) {
      for (const target of [keeper, 'zk://127.0.0.1:1']) {
        const error = await connect(target, options as ClientOptions).catch((e: unknown) => e)
        expect(error).to.include({ code: 'ZK_BAD_ARGUMENTS', message })
      }
    }
    class Collector {
      readonly lines: string[] = []
      debug = (_: object, message: string) => this.lines.push(message)
      info = this.debug
      warn(): void {}
      error(): void {}
    }
    for (const logger of [console, new Collector()]) {
      await (await connect(keeper, { logger })).close()
    }
  })

  it('what is changed after the call has no effect', async () => {
    const given = Buffer.from('before')
    const written = client.create('/mine', given)
    given.fill('x')
    await written
    expect(Buffer.from((await client.getData('/mine')).data!).toString()).to.equal('before')
  })
})

/** The value; undefined for a refusal, which must be an error of the library. */
async function settle(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise
  } catch (error) {
    if (!isKeeperError(error)) throw error
    return undefined
  }
}
