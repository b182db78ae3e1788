/** A client at the edges of what its docstrings promise: events in flight, one signal for many calls, a late store. */
import { expect } from 'chai'
import { connect, type ZooKeeper } from '../../index.ts'
import { connectOwning } from '../../lib/internal.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('keeper/client-edges', () => {
  let zk: ZooKeeper
  beforeEach(async () => {
    zk = await connect('memory:')
  })
  afterEach(() => zk.close())

  it('a callback that is removed while its event is in flight is not called', async () => {
    await zk.create('/a')
    const called: string[] = []
    const read = (): unknown => called.push('read')
    const stays = (): unknown => called.push('stays')
    const both = (): unknown => called.push('both')
    await zk.getData('/a', () => {
      zk.unwatch('/a', read)
      zk.unwatch('/a', both)
      void zk.removeWatch('/a', stays)
    })
    await zk.getData('/a', read)
    await zk.getData('/a', both)
    await zk.addWatch('/a', both)
    await zk.addWatch('/a', stays)
    await zk.setData('/a', null)
    await turn()
    expect(called).to.deep.equal(['both'])
  })

  it('getEphemerals() finds what is at or below the path, not beside it', async () => {
    for (const path of ['/a', '/ab']) await zk.create(path, null, { mode: 'ephemeral' })
    await zk.create('/c')
    await zk.create('/c/d', null, { mode: 'ephemeral' })
    expect(await zk.getEphemerals('/a')).to.deep.equal(['/a'])
    expect(await zk.getEphemerals('/c')).to.deep.equal(['/c/d'])
    expect(await zk.getEphemerals()).to.have.members(['/a', '/ab', '/c/d'])
  })

  it('one signal does for many calls at the same time: no warning, and all end with it', async () => {
    const warnings: Error[] = []
    const warned = (warning: Error): unknown => warnings.push(warning)
    process.on('warning', warned)
    try {
      const abort = new AbortController()
      const bounded = zk.with({ signal: abort.signal })
      const all = Array.from({ length: 50 }, () => bounded.exists('/'))
      const rest = Array.from({ length: 50 }, () =>
        bounded.exists('/').catch((error) => error.name),
      )
      abort.abort()
      const names = await Promise.all([...all.map((one) => one.catch((e) => e.name)), ...rest])
      expect(new Set(names)).to.deep.equal(new Set(['AbortError']))
      await turn()
      expect(warnings).to.deep.equal([])
    } finally {
      process.off('warning', warned)
    }
  })

  it('events that the loop has not seen are not given after close()', async () => {
    await zk.create('/a')
    const seen: number[] = []
    for await (const event of zk.watch('/a')) {
      seen.push(event.type)
      if (seen.length === 1) {
        await zk.setData('/a', null)
        await zk.setData('/a', null)
        await turn()
      } else await zk.close()
    }
    expect(seen).to.deep.equal([-1, 3])
  })

  it('the signal ends connect() while its store is opened, and releases what comes later', async () => {
    const abort = new AbortController()
    let come = (): void => {}
    const opened = new Promise<void>((resolve) => {
      come = resolve
    })
    const keeper = undefined as never
    let release = (): void => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const opening = connectOwning(
      async () => {
        await opened
        return { keeper, release: async () => release() }
      },
      { signal: abort.signal },
    )
    abort.abort(new Error('enough'))
    expect(await opening.catch((error: Error) => error.message)).to.equal('enough')
    come()
    await released
  })
})
