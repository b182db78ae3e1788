/** Conformance: the limits of the manifest hold exactly. Neighbour: store.ts. */
import { expect } from 'chai'
import { TXN_ITEM_OVERHEAD_BYTES, txnBytes } from '../../lib/store/txn-size.ts'
import { KEY_BYTES_MAX, type WriteOp } from '../../lib/store/types.ts'
import type { SuiteContext } from './store.ts'
import { rejection, Space, text } from './support.ts'

export function limitsSection(context: SuiteContext): void {
  describe('limits', () => {
    let space: Space
    beforeEach(() => {
      space = new Space(context.store())
    })
    const puts = (count: number) => Array.from({ length: count }, (_, i) => space.put(`k${i}`, ''))

    it('a txn of exactly txnOpsMax ops is committed', async () => {
      const { txnOpsMax } = context.store().features
      await space.write(...puts(txnOpsMax))
      expect((await space.all({ keysOnly: true })).kvs).to.have.length(txnOpsMax)
    })

    it('as many compares as ops are possible', async () => {
      const { txnOpsMax } = context.store().features
      const compares = puts(txnOpsMax).map(
        (op) => ({ target: 'version', key: (op as { key: Uint8Array }).key, equals: 0 }) as const,
      )
      expect((await space.guarded(compares, space.put('x'))).committed).to.equal(true)
    })

    it('one op or one compare more is STORE_TOO_LARGE and writes nothing', async () => {
      const { txnOpsMax } = context.store().features
      const error = await rejection(space.write(...puts(txnOpsMax + 1)), 'STORE_TOO_LARGE')
      expect(error.outcome).to.equal('unapplied')
      const compare = { target: 'version', key: space.key('a'), equals: 0 } as const
      await rejection(
        space.guarded(new Array(txnOpsMax + 1).fill(compare), space.put('a')),
        'STORE_TOO_LARGE',
      )
      expect(space.names(await space.all())).to.deep.equal([])
    })

    it('a value of exactly valueBytesMax comes back whole, also through a watch', async () => {
      const { valueBytesMax } = context.store().features
      const value = Buffer.alloc(valueBytesMax, 'v')
      value[valueBytesMax - 1] = 0xff
      const revision = await space.write({ type: 'put', key: space.key('a'), value })
      expect(Buffer.compare((await space.get('a'))!.value, value)).to.equal(0)
      const watch = space.watch(revision)
      expect((await watch.events(1))[0]).to.have.length(text(value).length + 'put a='.length)
      await watch.end()
    })

    it('a value one byte larger is STORE_TOO_LARGE', async () => {
      const value = new Uint8Array(context.store().features.valueBytesMax + 1)
      const op: WriteOp = { type: 'put', key: space.key('a'), value }
      expect((await rejection(space.write(op), 'STORE_TOO_LARGE')).outcome).to.equal('unapplied')
    })

    it('a txn of exactly txnBytesMax is committed, of one byte more STORE_TOO_LARGE', async () => {
      const { txnBytesMax, txnOpsMax } = context.store().features
      const ops = puts(Math.min(txnOpsMax, 4_000))
      const room = txnBytesMax - txnBytes({ compares: [], ops })
      const each = Math.floor(room / ops.length)
      const filled = ops.map((op, i) => {
        const length = each + (i === 0 ? room - each * ops.length : 0)
        return { ...op, value: new Uint8Array(length) } as WriteOp & { value: Uint8Array }
      })
      expect(txnBytes({ compares: [], ops: filled })).to.equal(txnBytesMax)
      await space.write(...filled)
      const [first, ...rest] = filled
      const longer = { ...first!, value: new Uint8Array(first!.value.length + 1) }
      await rejection(space.write(longer, ...rest), 'STORE_TOO_LARGE')
    })

    it('keys of 17 × 64 KiB are possible, longer ones STORE_INVALID', async () => {
      const name = 'k'.repeat(KEY_BYTES_MAX - space.prefix.length)
      await space.write(space.put(name))
      expect(await space.get(name)).to.not.equal(undefined)
      await rejection(space.write(space.put(`${name}k`)), 'STORE_INVALID')
    })

    it('the items of a txn count with their framing', () => {
      const compares = [{ target: 'version', key: space.key('a'), equals: 0 }] as const
      const bytes = txnBytes({ compares, ops: [space.delete('a')] })
      expect(bytes).to.equal(2 * (space.key('a').length + TXN_ITEM_OVERHEAD_BYTES))
    })
  })
}
