/**
 * Damage of many kinds, by a seed, to what a real store holds: a start says what is wrong or serves what is left, an
 * export brings that out, and after a repair a start serves it all.
 */
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import { connect, Keeper, type MetadataStore, readTree, repairTree } from '../../lib/index.ts'
import { damageOne } from '../support/damage.ts'
import { startEtcd } from '../support/etcd-server.ts'
import { mulberry32 } from '../support/mulberry32.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { pictureOf } from '../support/tree-picture.ts'

const SEEDS = 40

type Nodes = Record<string, { data: string; children: string[] }>
const nodesOf = (keeper: Keeper): Nodes => pictureOf(keeper).nodes as Nodes

/** `isLagging`: half of it is in the journal alone. */
async function plant(store: MetadataStore, prefix: string, isLagging: boolean): Promise<Nodes> {
  const flushed = await Keeper.open({ store, prefix })
  const client = await connect(flushed)
  for (const top of ['/a', '/b']) {
    await client.create(top, Buffer.from(`top ${top}`))
    for (let i = 0; i < 6; i++) await client.create(`${top}/n${i}`, Buffer.from(`data ${i}`))
    await client.create(`${top}/n0/below`, Buffer.from('below'))
  }
  await client.close()
  await flushed.close()
  const limits = isLagging ? { flushDelayMs: 3_600_000, flushLateMs: 3_600_000 } : {}
  const keeper = await Keeper.open({ store, prefix, limits })
  const second = await connect(keeper)
  await second.create('/a/late', Buffer.from('late'))
  await second.setData('/b/n1', Buffer.from('changed'))
  await second.delete('/a/n5')
  await second.create('/a/late/child')
  if (!isLagging) await second.close()
  const nodes = nodesOf(keeper)
  await keeper.close(isLagging ? 0 : 2_000)
  return nodes
}

/** What a start says; undefined: it serves. */
async function startAndEnd(store: MetadataStore, prefix: string): Promise<unknown> {
  try {
    const keeper = await Keeper.open({ store, prefix })
    await keeper.close(0)
    return undefined
  } catch (error) {
    return error
  }
}

for (const kind of ['etcd', 'file'] as const) {
  describe(`damage to what ${kind} holds`, () => {
    let store: MetadataStore
    let end: () => Promise<unknown> | unknown

    before(async function () {
      if (kind === 'etcd') {
        requireOrSkip(this, 'etcd')
        const etcd = await startEtcd()
        store = await openStore(`etcd://${etcd.host}`)
        end = () => etcd.stop()
      } else {
        const folder = temporaryFolder('damage')
        store = await openStore(`file:${folder}`)
        end = () => removeFolder(folder)
      }
    })
    after(async () => {
      await store?.close()
      await end?.()
    })

    for (let seed = 1; seed <= SEEDS; seed++) {
      const isLagging = seed % 2 === 0
      it(`seed ${seed}${isLagging ? ', half of it in the journal' : ''}`, async () => {
        const prefix = `/damage-${seed}`
        const random = mulberry32(seed)
        const before = await plant(store, prefix, isLagging)
        const done: string[] = []
        for (let count = 1 + Math.floor(random() * 3); count > 0; count--) {
          done.push(await damageOne(store, random, prefix))
        }
        const what = done.join(', ')
        const refused = await startAndEnd(store, prefix)
        if (refused !== undefined) {
          expect(refused, what).to.include({ code: 'STORE_INTERNAL' })
          expect(String(refused), what).to.include('anykeeper repair')
        }
        const out = [...(await readTree({ store, prefix, salvage: true }))]
        expect(out.length, what).to.be.above(3)
        const report = await repairTree({ store, prefix, save: () => {} })
        expect(report.left, what).to.deep.equal([])
        expect(report.isMended, what).to.equal(report.findings.length > 0)
        if (refused !== undefined) expect(report.isMended, what).to.equal(true)
        const keeper = await Keeper.open({ store, prefix })
        try {
          expect(keeper.quarantine, what).to.include({ findings: 0, znodes: 0 })
          expect(keeper.isServing).to.equal(true)
          const client = await connect(keeper)
          await client.create('/after', null)
          if (!isLagging)
            compareRest(before, nodesOf(keeper), `${what}: ${report.actions.join('; ')}`)
        } finally {
          await keeper.close()
        }
        expect(await startAndEnd(store, prefix), what).to.equal(undefined)
      })
    }
  })
}

/** What was not damaged is as it was. */
function compareRest(before: Nodes, after: Nodes, what: string): void {
  for (const [path, node] of Object.entries(before)) {
    if (path.startsWith('/zookeeper') || path === '/') continue
    // The record itself, or one below or above it that was repaired, was named.
    if (what.includes(path)) continue
    expect(after[path]?.data, `${path} (${what})`).to.equal(node.data)
  }
}
