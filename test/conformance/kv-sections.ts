/** Conformance: range, txn, revision. Neighbour: store.ts. */
import { expect } from 'chai'
import type { SuiteContext } from './store.ts'
import { bytes, rejection, Space, text } from './support.ts'

export function rangeSection(context: SuiteContext): void {
  describe('range', () => {
    let space: Space
    beforeEach(() => {
      space = new Space(context.store())
    })

    it('gives [start, end) in byte order, binary keys with 0x00 and 0xff included', async () => {
      const names = ['\xff\xff', '\xff', 'b', 'a\x00', 'a', 'a\x00\x00', '\x00', '\x7f', '\x80']
      await space.write(...names.map((name) => space.put(name, name)))
      const result = await space.all()
      const sorted = [...names].sort((x, y) => Buffer.compare(bytes(x), bytes(y)))
      expect(space.names(result)).to.deep.equal(sorted)
      expect(result.kvs.map((kv) => text(kv.value))).to.deep.equal(sorted)
      expect(result.more).to.equal(false)
      const part = await context.store().range({ start: space.key('a'), end: space.key('b') })
      expect(space.names(part)).to.deep.equal(['a', 'a\x00', 'a\x00\x00'])
    })

    it('gives the single key when there is no end, and nothing for an absent one', async () => {
      await space.write(space.put('a', '1'), space.put('aa', '2'))
      const kv = await space.get('a')
      expect(kv && text(kv.value)).to.equal('1')
      expect(await space.get('b')).to.equal(undefined)
    })

    it('says its own revision, never 0, also when nothing is found', async () => {
      const revision = await space.write(space.put('a'))
      const empty = await context.store().range({ start: space.key('none') })
      expect(empty.kvs).to.deep.equal([])
      expect(empty.revision).to.be.at.least(revision)
    })

    it('an empty start means from the first key on', async () => {
      await space.write(space.put('a'))
      const result = await context.store().range({ start: bytes(''), end: space.end })
      expect(result.kvs.map((kv) => text(kv.key))).to.include(`${space.prefix}a`)
    })

    it('pages with countMax and says whether there is more', async () => {
      const names = Array.from({ length: 10 }, (_, i) => `k${i}`)
      await space.write(...names.map((name) => space.put(name)))
      const paged: string[] = []
      let start = space.start
      for (let more = true; more; ) {
        const page = await context.store().range({ start, end: space.end, countMax: 4 })
        paged.push(...space.names(page))
        expect(page.kvs.length).to.be.at.most(4)
        more = page.more
        start = bytes(`${text(page.kvs.at(-1)!.key)}\x00`)
      }
      expect(paged).to.deep.equal(names)
      expect((await space.all({ countMax: 10 })).more, 'exactly all').to.equal(false)
    })

    it('goes from the highest key down when descending, countMax from the top', async () => {
      await space.write(space.put('a'), space.put('b'), space.put('c'))
      expect(space.names(await space.all({ descending: true }))).to.deep.equal(['c', 'b', 'a'])
      const top = await space.all({ descending: true, countMax: 1 })
      expect(space.names(top)).to.deep.equal(['c'])
      expect(top.more).to.equal(true)
    })

    it('leaves only the values out with keysOnly', async () => {
      const revision = await space.write(space.put('a', 'long'))
      const [kv] = (await space.all({ keysOnly: true })).kvs
      expect(kv).to.deep.include({ createRevision: revision, modRevision: revision, version: 1 })
      expect(kv!.value).to.have.length(0)
    })

    it('keeps empty values', async () => {
      await space.write(space.put('a', ''))
      expect((await space.get('a'))!.value).to.have.length(0)
    })

    it('reads the state as of a past revision', async () => {
      const first = await space.write(space.put('a', '1'), space.put('b', '1'))
      const second = await space.write(space.put('a', '2'), space.delete('b'), space.put('c', '2'))
      const then = await space.all({ revision: first })
      expect(then.kvs.map((kv) => text(kv.value))).to.deep.equal(['1', '1'])
      expect(space.names(then)).to.deep.equal(['a', 'b'])
      expect(then.revision, 'its own, not the one asked for').to.be.at.least(second)
      expect(space.names(await space.all({ revision: second }))).to.deep.equal(['a', 'c'])
    })

    it('refuses a future revision, an empty range and a countMax of 0 with STORE_INVALID', async () => {
      const { revision } = await space.all()
      const store = context.store()
      await rejection(space.all({ revision: revision + 1_000_000 }), 'STORE_INVALID')
      await rejection(store.range({ start: space.end, end: space.start }), 'STORE_INVALID')
      await rejection(store.range({ start: space.start, end: space.start }), 'STORE_INVALID')
      await rejection(store.range({ start: bytes(''), end: bytes('\x00') }), 'STORE_INVALID')
      await rejection(store.range({ start: bytes('') }), 'STORE_INVALID')
      await rejection(space.all({ countMax: 0 }), 'STORE_INVALID')
    })
  })
}

export function txnSection(context: SuiteContext): void {
  describe('txn', () => {
    let space: Space
    beforeEach(() => {
      space = new Space(context.store())
    })
    const committed = async (result: Promise<{ committed: boolean }>) => (await result).committed

    it('commits when every compare holds, and writes nothing when one of two fails', async () => {
      const revision = await space.write(space.put('a', '1'))
      const holds = { target: 'modRevision', key: space.key('a'), equals: revision } as const
      const fails = { target: 'modRevision', key: space.key('a'), equals: revision + 1 } as const
      const refused = await space.guarded([holds, fails], space.put('b'), space.delete('a'))
      expect(refused.committed).to.equal(false)
      expect(refused.revision).to.be.at.least(revision)
      expect(space.names(await space.all())).to.deep.equal(['a'])
      expect((await space.get('a'))!.modRevision).to.equal(revision)
      expect(await committed(space.guarded([holds], space.put('b')))).to.equal(true)
    })

    it('compares version, modRevision, createRevision and value', async () => {
      const created = await space.write(space.put('a', '1'))
      const modified = await space.write(space.put('a', '2'))
      const key = space.key('a')
      const try_ = (compare: object) => committed(space.guarded([{ ...compare, key } as never]))
      expect(await try_({ target: 'version', equals: 2 })).to.equal(true)
      expect(await try_({ target: 'version', equals: 1 })).to.equal(false)
      expect(await try_({ target: 'modRevision', equals: modified })).to.equal(true)
      expect(await try_({ target: 'modRevision', equals: created })).to.equal(false)
      expect(await try_({ target: 'createRevision', equals: created })).to.equal(true)
      expect(await try_({ target: 'createRevision', equals: modified })).to.equal(false)
      expect(await try_({ target: 'value', equals: bytes('2') })).to.equal(true)
      expect(await try_({ target: 'value', equals: bytes('') })).to.equal(false)
    })

    it('an absent key has version and revisions 0, and no value matches it', async () => {
      const key = space.key('absent')
      const try_ = (compare: object) => committed(space.guarded([{ ...compare, key } as never]))
      expect(await try_({ target: 'version', equals: 0 })).to.equal(true)
      expect(await try_({ target: 'modRevision', equals: 0 })).to.equal(true)
      expect(await try_({ target: 'createRevision', equals: 0 })).to.equal(true)
      expect(await try_({ target: 'version', equals: 1 })).to.equal(false)
      expect(await try_({ target: 'value', equals: bytes('') })).to.equal(false)
    })

    it('of many writers guarded by one version exactly one wins', async () => {
      const compare = { target: 'version', key: space.key('lock'), equals: 0 } as const
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, i) => space.guarded([compare], space.put('lock', `${i}`))),
      )
      expect(results.filter((result) => result.committed)).to.have.length(1)
    })

    it('applies puts, deletes and a deleteRange under one revision', async () => {
      await space.write(space.put('a'), space.put('r/1'), space.put('r/2'), space.put('s'))
      const span = { type: 'deleteRange', start: space.key('r/'), end: space.key('r0') } as const
      const revision = await space.write(space.put('b'), space.delete('a'), span)
      expect(space.names(await space.all())).to.deep.equal(['b', 's'])
      expect((await space.get('b'))!.modRevision).to.equal(revision)
    })

    it('deleting what is not there is no error and makes no revision', async () => {
      const revision = await space.write(space.put('a'))
      const result = await space.guarded([], space.delete('none'))
      expect(result).to.deep.equal({ committed: true, revision })
    })

    it('refuses a key touched twice, ranges included, with STORE_INVALID', async () => {
      const span = (start: string, end: string) =>
        ({ type: 'deleteRange', start: space.key(start), end: space.key(end) }) as const
      const twice = [
        [space.put('a'), space.put('a', 'w')],
        [space.put('a'), space.delete('a')],
        [space.delete('a'), space.delete('a')],
        [span('a', 'c'), space.put('b')],
        [space.delete('a'), span('a', 'c')],
        [span('a', 'c'), span('b', 'd')],
        [span('a', 'z'), span('b', 'c')],
      ]
      for (const ops of twice) {
        const error = await rejection(space.write(...ops), 'STORE_INVALID')
        expect(error.outcome).to.equal('unapplied')
      }
      expect(space.names(await space.all())).to.deep.equal([])
      await space.write(span('a', 'c'), space.put('c'), space.delete('A'), span('d', 'e'))
      expect(space.names(await space.all()), 'next to a range is fine').to.deep.equal(['c'])
    })

    it('refuses empty and foreign arguments with STORE_INVALID', async () => {
      const put = (key: unknown, value: unknown) => ({ type: 'put', key, value }) as never
      await rejection(space.write(put(bytes(''), bytes('v'))), 'STORE_INVALID')
      await rejection(space.write(put('text', bytes('v'))), 'STORE_INVALID')
      await rejection(space.write(put(space.key('a'), 'text')), 'STORE_INVALID')
      await rejection(space.write({ type: 'other' } as never), 'STORE_INVALID')
      const compare = { target: 'version', key: space.key('a'), equals: -1 } as const
      await rejection(space.guarded([compare], space.put('a')), 'STORE_INVALID')
    })

    it('is not changed by what the caller does to its buffers afterwards', async () => {
      const value = bytes('before')
      const key = space.key('a')
      const written = context.store().txn({ compares: [], ops: [{ type: 'put', key, value }] })
      await written
      value.fill(0)
      key.fill(0)
      expect(text((await space.get('a'))!.value)).to.equal('before')
    })
  })
}

export function revisionSection(context: SuiteContext): void {
  describe('revision', () => {
    let space: Space
    beforeEach(() => {
      space = new Space(context.store())
    })

    it('createRevision stays, modRevision and version move on with each put', async () => {
      const first = await space.write(space.put('a', '1'))
      const second = await space.write(space.put('a', '2'))
      expect(second).to.be.above(first)
      expect(await space.get('a')).to.deep.include({
        createRevision: first,
        modRevision: second,
        version: 2,
        lease: 0n,
      })
    })

    it('a key deleted and made again begins anew with version 1', async () => {
      await space.write(space.put('a', '1'))
      await space.write(space.put('a', '2'))
      await space.write(space.delete('a'))
      const again = await space.write(space.put('a', '3'))
      expect(await space.get('a')).to.deep.include({
        createRevision: again,
        modRevision: again,
        version: 1,
      })
    })

    it('all keys of one txn share its revision, which the result names', async () => {
      const revision = await space.write(space.put('a'), space.put('b'), space.put('c'))
      const { kvs } = await space.all()
      expect(kvs.map((kv) => kv.modRevision)).to.deep.equal([revision, revision, revision])
    })

    it('reads after a commit are at its revision or later', async () => {
      for (let i = 0; i < 20; i++) {
        const revision = await space.write(space.put('a', `${i}`))
        const result = await space.all()
        expect(result.revision).to.be.at.least(revision)
        expect(text(result.kvs[0]!.value)).to.equal(`${i}`)
      }
    })

    it('what did not commit makes no revision', async () => {
      const revision = await space.write(space.put('a'))
      const compare = { target: 'version', key: space.key('a'), equals: 9 } as const
      const refused = await space.guarded([compare], space.put('a', 'x'))
      expect(refused).to.deep.equal({ committed: false, revision })
      expect(await space.write(space.put('b'))).to.equal(revision + 1)
    })
  })
}
