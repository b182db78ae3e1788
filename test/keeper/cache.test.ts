/** A cache on a change feed: images and deltas, whatever happens to the feed. */
import { expect } from 'chai'
import {
  Cache,
  type CacheDelta,
  type CachedZnode,
  type CacheImage,
  type Keeper,
} from '../../lib/index.ts'
import { eventually as eventuallyOf } from '../support/eventually.ts'
import { FeedWriter } from '../support/feed-writer.ts'
import { type KeeperBench, keeperBench } from '../support/keepers.ts'
import { mulberry32 } from '../support/mulberry32.ts'
import { pictureOf } from '../support/tree-picture.ts'

const eventually = (what: string, check: () => boolean) => eventuallyOf(what, check, 20_000)

/** As pictureOf(keeper).nodes, of the image. */
function pictureOfImage(image: CacheImage): Record<string, unknown> {
  const kinds = ['plain', 'container', 'ttl']
  const nodes = [...image].map((znode): [string, unknown] => {
    const { path, data, acl, stat, kind, ttlMs, creates } = znode
    const { czxid, mzxid, pzxid, ctime, mtime, version, aversion, ephemeralOwner } = stat
    const children = image.children(path).sort()
    expect(stat.numChildren, path).to.equal(children.length)
    expect(stat.cversion, path).to.equal((creates * 2 - children.length) | 0)
    expect(stat.dataLength, path).to.equal(data?.length ?? 0)
    const text = data == null ? null : Buffer.from(data).toString('hex')
    const owner = ephemeralOwner.toString(16)
    const stats = { czxid, mzxid, pzxid, ctime, mtime, version, aversion, owner }
    return [
      path,
      { data: text, acl, ...stats, creates, kind: kinds.indexOf(kind), ttlMs, children },
    ]
  })
  return Object.fromEntries(nodes.sort(([a], [b]) => (a < b ? -1 : 1)))
}

describe('cache', () => {
  let bench: KeeperBench
  const caches: Cache[] = []
  beforeEach(() => {
    bench = keeperBench()
  })
  afterEach(async () => {
    for (const cache of caches.splice(0)) await cache.close()
    await bench.close()
  })

  async function open(keeper: Keeper, options = {}): Promise<Cache> {
    const cache = await Cache.open(keeper, options)
    caches.push(cache)
    return cache
  }
  const isAt = (cache: Cache, { replica }: Keeper) => cache.image.zxid === replica.zxid

  async function play(keeper: Keeper, seed: number, steps: number): Promise<void> {
    const random = mulberry32(seed)
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T
    let writer = await FeedWriter.open(keeper)
    const paths = ['/a', '/a/b', '/a/b/c', '/d', '/d/e']
    for (let i = 0; i < steps; i++) {
      const path = pick(paths)
      const acts = [
        () => writer.create(path, `c${i}`),
        () => writer.create(`${path}/e-`, `${i}`, 'ephemeral-sequential'),
        () => writer.create(path, '', 'container'),
        () => writer.set(path, `d${i}`),
        () => writer.setAcl(path, pick([31, 15])),
        () => writer.delete(path),
      ]
      await pick(acts)()
      if (random() < 0.05) {
        await writer.close()
        writer = await FeedWriter.open(keeper)
      }
    }
    await writer.create('/end')
    await writer.set('/end', `${seed}`)
  }

  it('has the tree, and what it said changed makes the same', async () => {
    const { keeper } = await bench.open()
    await play(keeper, 1, 50)
    const errors: unknown[] = []
    const cache = await open(keeper, { onError: ({ cause }: Error) => errors.push(cause) })
    const copy = new Map<string, CachedZnode>()
    const zxids: number[] = []
    const images: [CacheImage, unknown][] = []
    cache.onUpdate(({ changes, from }, image) => {
      zxids.push(image.zxid)
      for (const [path, { before, after }] of changes) {
        expect(before).to.equal(from.get(path))
        expect(after).to.equal(image.get(path))
        expect(copy.get(path)).to.equal(before)
        if (after === undefined) copy.delete(path)
        else copy.set(path, after)
      }
      images.push([image, pictureOfImage(image)])
    })
    await play(keeper, 2, 150)
    await eventually('all', () => isAt(cache, keeper))
    await eventually('all calls', () => zxids.at(-1) === keeper.replica.zxid)
    expect(pictureOfImage(cache.image)).to.deep.equal(pictureOf(keeper).nodes)
    expect(copy.size).to.equal(cache.image.size)
    for (const znode of cache.image) expect(copy.get(znode.path)).to.equal(znode)
    expect(errors).to.deep.equal([])
    expect(zxids).to.deep.equal([...new Set(zxids)].sort((a, b) => a - b))
    expect(zxids.length).to.be.above(80)
    for (const [image, picture] of images) expect(pictureOfImage(image)).to.deep.equal(picture)
  })

  it('of a part of the tree, and of one that is not there yet', async () => {
    const { keeper } = await bench.open()
    const writer = await FeedWriter.open(keeper)
    const cache = await open(keeper, { prefix: '/a' })
    expect([...cache.image]).to.deep.equal([])
    for (const path of ['/a', '/ab', '/a/b']) await writer.create(path, path)
    await eventually('both', () => cache.image.size === 2)
    expect(cache.image.children('/a')).to.deep.equal(['b'])
    const brief = await open(keeper, { prefix: '/a', withoutData: true })
    await writer.set('/a/b', 'longer')
    await eventually('the change', () => isAt(brief, keeper))
    expect(brief.image.get('/a/b')).to.deep.include({ data: undefined })
    expect(brief.image.get('/a/b')!.stat).to.include({ dataLength: 6, version: 1 })
  })

  it('a gap is hidden: a new snapshot comes as what changed', async () => {
    const { keeper } = await bench.open({ changesRetainedBytesMax: 4_000 })
    const writer = await FeedWriter.open(keeper)
    for (const path of ['/stays', '/changes', '/goes']) await writer.create(path, 'before')
    const cache = await open(keeper)
    const seen: CacheDelta[] = []
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    cache.onUpdate((delta) => {
      seen.push(delta)
      // The feed is not read meanwhile, and falls behind what is kept.
      return seen.length === 2 ? held : undefined
    })
    await eventually('the first', () => seen.length === 1)
    await writer.set('/changes', 'once')
    await eventually('the second', () => seen.length === 2)
    await writer.delete('/goes')
    await writer.create('/comes')
    for (let i = 0; i < 100; i++) await writer.set('/changes', `${i}`)
    release()
    await eventually('all', () => isAt(cache, keeper))
    await eventually('the third', () => seen.length === 3)
    expect(keeper.changeLog.counters).to.include({ slow: 1, gone: 1 })
    expect(seen[2]!.isTransaction).to.equal(false)
    expect([...seen[2]!.changes.keys()].sort()).to.deep.equal(['/', '/changes', '/comes', '/goes'])
    expect(seen[2]!.changes.get('/goes')!.after).to.equal(undefined)
    expect(pictureOfImage(cache.image)).to.deep.equal(pictureOf(keeper).nodes)
    await writer.set('/changes', 'again')
    await eventually('the fourth', () => seen.length === 4)
    expect(seen[3]!.isTransaction).to.equal(true)
  })

  it('a listener that throws harms no other one, and one that comes late catches up', async () => {
    const { keeper } = await bench.open()
    const writer = await FeedWriter.open(keeper)
    await writer.create('/a')
    const errors: string[] = []
    const onError = ({ cause }: Error) => errors.push(`${cause}`)
    const cache = await open(keeper, { onError })
    const zxids: number[] = []
    cache.onUpdate(() => {
      throw new Error('now')
    })
    cache.onUpdate(async () => {
      throw new Error('later')
    })
    cache.onUpdate((_, { zxid }) => zxids.push(zxid))
    await writer.set('/a', '1')
    await eventually('the change', () => zxids.at(-1) === keeper.replica.zxid)
    await eventually('the errors', () => errors.length === 4)
    expect(errors.sort()).to.deep.equal([
      ...['Error: later', 'Error: later', 'Error: now', 'Error: now'],
    ])
    const late: CacheDelta[] = []
    const cancel = cache.onUpdate((delta) => late.push(delta))
    await eventually('what is there', () => late.length === 1)
    expect(late[0]!.changes.size).to.equal(cache.image.size)
    expect(late[0]!.from.size).to.equal(0)
    cancel()
    const never: CacheDelta[] = []
    cache.onUpdate((delta) => never.push(delta))()
    await writer.set('/a', '2')
    await eventually('the change', () => zxids.length === 3)
    expect([late.length, never.length]).to.deep.equal([1, 0])
  })

  it('ends with its signal, with close(), and with its keeper', async () => {
    const { keeper } = await bench.open()
    const stop = new AbortController()
    const one = await Cache.open(keeper, { signal: stop.signal })
    stop.abort()
    expect(await one.ended).to.equal(undefined)
    const two = await Cache.open(keeper)
    await two.close()
    expect(await two.ended).to.equal(undefined)
    const three = await Cache.open(keeper)
    three.onUpdate(() => new Promise(() => {}))
    expect(keeper.changeLog.openCount).to.equal(1)
    await three.close()
    const four = await Cache.open(keeper)
    await keeper.close(0)
    expect(await four.ended).to.include({ code: 'STORE_CLOSED' })
    const opened = await Cache.open(keeper).catch((error) => error)
    expect(opened).to.include({ code: 'STORE_CLOSED' })
    const wrong = await Cache.open(keeper, { prefix: 'a' }).catch((error) => error)
    expect(wrong).to.be.instanceOf(TypeError)
  })
})
