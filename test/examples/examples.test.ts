/** The examples run as they stand, on the built package and a real etcd, in good and in bad weather. */
import { expect } from 'chai'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import {
  connect,
  createOrSet,
  Keeper,
  type MetadataStore,
  type ZooKeeper,
} from '../../lib/index.ts'
import { type Child, spawnChild } from '../support/child.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { untilFulfilled } from '../support/eventually.ts'

const INSTANCE = '/services/echo/a'

describe('examples', function () {
  this.timeout(90_000)
  let etcd: EtcdServer
  let store: MetadataStore
  let keeper: Keeper
  let client: ZooKeeper
  const children: Child[] = []

  before(async function () {
    requireEtcd(this)
    etcd = await startEtcd()
    store = await openEtcdStore({ hosts: [etcd.host] })
    keeper = await Keeper.open({ store })
    client = await connect(keeper)
  })
  afterEach(async () => {
    etcd?.signal('SIGCONT')
    await Promise.all(children.splice(0).map((child) => child.stop()))
  })
  after(async () => {
    await client?.close()
    await keeper?.close()
    await store?.close()
    await etcd?.stop()
  })

  function run(file: string, ...args: string[]): Child {
    const child = spawnChild({
      name: file,
      command: process.execPath,
      args: ['--import', 'tsx', `examples/${file}`, ...args],
      env: { ANYKEEPER_STORE: `etcd://${etcd.host}` },
    })
    children.push(child)
    return child
  }

  /** This client, too, may be suspended when the store is back. */
  const set = (path: string, text: string): Promise<unknown> =>
    untilFulfilled(() => createOrSet(client, path, Buffer.from(text)))

  /** Until it has printed so many such lines. */
  async function next(child: Child, pattern: RegExp, count = 1): Promise<void> {
    const all = new RegExp(pattern.source, 'gm')
    const isThere = (): boolean => (child.output.match(all)?.length ?? 0) >= count
    await child.waitUntil(`${count} × ${pattern}`, isThere, { timeoutMs: 60_000 })
  }

  async function actual(): Promise<{ value: string; token: number }> {
    return JSON.parse(String((await client.getData('/app/actual')).data))
  }

  it('reconciler: one leads and reconciles, the next takes over with a higher token', async () => {
    const first = run('reconciler.ts')
    await next(first, /^leading, token \d+/)
    const second = run('reconciler.ts')
    await set('/app/desired', 'red')
    await next(first, /^reconciled to red/)
    const { token } = await actual()
    first.signal('SIGTERM')
    await next(second, /^leading, token \d+/)
    expect((await first.exited).code).to.equal(0)
    await set('/app/desired', 'green')
    await next(second, /^reconciled to green/)
    expect((await actual()).value).to.equal('green')
    expect((await actual()).token).to.be.above(token)
  })

  it('reconciler: its znode deleted, it leads no more and stands again; what it made is mended', async () => {
    const child = run('reconciler.ts')
    await next(child, /^leading, token \d+/)
    const [candidate] = (await client.getChildren('/app/leader')).children
    await client.delete(`/app/leader/${candidate}`)
    await next(child, /^leading no more/)
    await next(child, /^leading, token \d+/, 2)
    await client.delete('/app/actual')
    await next(child, /^reconciled to green/)
    expect((await actual()).value).to.equal('green')
  })

  it('live-config: follows the znode, refuses what is wrong, and falls back when it is deleted', async () => {
    const child = run('live-config.ts')
    await next(child, /^in force: {"logLevel":"info","batchMax":100}/)
    await set('/app-config', '{"batchMax":7}')
    await next(child, /^in force: {"logLevel":"info","batchMax":7}/)
    await set('/app-config', '{"batchMax":"many"}')
    await next(child, /^refused, the last one stays: {"logLevel":"info","batchMax":7}/)
    await client.delete('/app-config')
    await next(child, /^in force: {"logLevel":"info","batchMax":100}/, 2)
    await set('/app-config', '{"logLevel":"warn"}')
    await next(child, /^in force: {"logLevel":"warn","batchMax":100}/)
    const again = run('live-config.ts')
    await next(again, /^in force: {"logLevel":"warn","batchMax":100}/)
  })

  it('service-registry: sees others come and go, and announces itself again when it is deleted', async () => {
    const a = run('service-registry.ts', 'a')
    await next(a, /^instances: a$/)
    const b = run('service-registry.ts', 'b')
    await next(a, /^instances: a b$/)
    b.signal('SIGTERM')
    await next(a, /^instances: a$/, 2)
    await client.delete(INSTANCE)
    await next(a, /^instances: $/)
    await next(a, /^instances: a$/, 3)
  })

  it('service-registry: a second run has its name without waiting for the first one to expire', async () => {
    const first = run('service-registry.ts', 'a')
    await next(first, /^instances: a$/)
    const owner = (await client.exists(INSTANCE))?.ephemeralOwner
    await first.kill()
    const second = run('service-registry.ts', 'a')
    await next(second, /^instances: a$/)
    await second.waitUntil('its own znode', async () => {
      const found = await client.exists(INSTANCE)
      return found !== undefined && found.ephemeralOwner !== owner
    })
  })

  it('all: the store is frozen and comes back, and they continue', async () => {
    const [reconciler, config, registry] = await startAll()
    etcd.signal('SIGSTOP')
    await next(registry, /^session suspended/)
    etcd.signal('SIGCONT')
    await next(registry, /^session connected/)
    await continues(reconciler, config, 'back')
    expect(registry.output).to.not.match(/^session lost/m)
  })

  it('all: stopped for longer than their sessions, they begin again', async () => {
    const [reconciler, config, registry] = await startAll()
    const [candidate] = (await client.getChildren('/app/leader')).children
    for (const child of [reconciler, config, registry]) child.signal('SIGSTOP')
    await Promise.all([deleted(INSTANCE), deleted(`/app/leader/${candidate}`)])
    for (const child of [reconciler, config, registry]) child.signal('SIGCONT')
    await next(registry, /^session lost/)
    await next(reconciler, /^leading no more/)
    await next(reconciler, /^leading, token \d+/, 2)
    await continues(reconciler, config, 'again')
    expect(await client.exists(INSTANCE)).to.be.an('object')
  })

  async function startAll(): Promise<[Child, Child, Child]> {
    const all: [Child, Child, Child] = [
      run('reconciler.ts'),
      run('live-config.ts'),
      run('service-registry.ts', 'a'),
    ]
    await next(all[0], /^leading, token \d+/)
    await next(all[1], /^in force/)
    await next(all[2], /^instances: a$/)
    return all
  }

  async function continues(reconciler: Child, config: Child, word: string): Promise<void> {
    await set('/app/desired', word)
    await next(reconciler, new RegExp(`^reconciled to ${word}`))
    const batchMax = word.length
    await set('/app-config', JSON.stringify({ batchMax }))
    await next(config, new RegExp(`^in force: {"logLevel":"info","batchMax":${batchMax}}`))
  }

  function deleted(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        client.exists(path, look).then((stat) => {
          if (stat === undefined) resolve()
        }, reject)
      }
      look()
    })
  }
})
