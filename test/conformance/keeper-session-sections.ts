/** Keeper conformance: watches, sessions, what survives a crash or a restart. Neighbour: keeper.ts. */
import { expect } from 'chai'
import type { WatchEvent } from '../../lib/index.ts'
import { type BenchOf, refusal, until } from './keeper.ts'
import { bytes, text } from './support.ts'

const CREATED = 1
const DELETED = 2
const CHANGED = 3
const CHILDREN = 4

export function watchSection(bench: BenchOf): void {
  describe('watches', () => {
    it('fire once, for a change made through another keeper', async () => {
      const [a, b] = [await bench().client(), await bench().client()]
      await a.create('/n', bytes('0'))
      const events: WatchEvent[] = []
      await a.getData('/n', (event) => events.push(event))
      await b.sync()
      await b.setData('/n', bytes('1'))
      await b.setData('/n', bytes('2'))
      await until(() => events.length > 0, 'the event')
      await a.sync()
      expect(events).to.deep.equal([{ type: CHANGED, path: '/n' }])
    })

    it('tell of creation, deletion and children', async () => {
      const [a, b] = [await bench().client(), await bench().client()]
      const events: string[] = []
      const note = ({ type, path }: WatchEvent) => events.push(`${type} ${path}`)
      await a.exists('/n', note)
      await a.getChildren('/', note)
      await b.create('/n')
      await until(() => events.length === 2, 'two events')
      await a.exists('/n', note)
      await b.delete('/n')
      await until(() => events.length === 3, 'the third event')
      expect(events.sort()).to.deep.equal([`${CREATED} /n`, `${DELETED} /n`, `${CHILDREN} /`])
    })

    it('no change is missed between a read with a watch and its event', async () => {
      const [a, b] = [await bench().client(), await bench().client()]
      await a.create('/n', bytes('0'))
      await b.sync()
      let seen = 0
      const follow = async (): Promise<void> => {
        const { data } = await a.getData('/n', () => void follow())
        seen = Number(text(data!))
      }
      await follow()
      for (let i = 1; i <= 50; i++) await b.setData('/n', bytes(`${i}`))
      await until(() => seen === 50, 'the last value, by events alone')
    })
  })
}

export function sessionSection(bench: BenchOf): void {
  describe('sessions', () => {
    it('an ephemeral goes when its session is closed, on every keeper', async () => {
      const [a, b] = [await bench().client(), await bench().client()]
      const { stat } = await a.create('/e', null, { mode: 'ephemeral' })
      expect(stat.ephemeralOwner).to.equal(a.sessionId)
      await b.sync()
      expect(await b.exists('/e')).to.not.equal(undefined)
      await a.close()
      await b.sync()
      expect(await b.exists('/e')).to.equal(undefined)
      await refusal(a.getData('/'), 'ZK_SESSION_EXPIRED')
    })

    it('an ephemeral outlives a crash of its keeper for its timeout, not longer', async () => {
      const keeper = await bench().keeper()
      const a = await bench().client(keeper)
      const b = await bench().client()
      await a.create('/e', null, { mode: 'ephemeral' })
      await b.sync()
      const events: WatchEvent[] = []
      await b.exists('/e', (event) => events.push(event))
      const crashedMs = performance.now()
      await bench().crash(keeper)
      expect(await b.exists('/e')).to.not.equal(undefined)
      await until(async () => (await b.exists('/e')) === undefined, 'its end', 30_000)
      expect(performance.now() - crashedMs).to.be.at.least(a.timeoutMs - 1_000)
      await until(() => events.length === 1, 'the event of its end')
    })

    it('an ephemeral has no children', async () => {
      const client = await bench().client()
      await client.create('/e', null, { mode: 'ephemeral' })
      await refusal(client.create('/e/x'), 'ZK_NO_CHILDREN_FOR_EPHEMERALS')
    })
  })
}

export function crashSection(bench: BenchOf): void {
  describe('crash', () => {
    it('everything acknowledged before a crash of the keeper is there after it', async () => {
      const keeper = await bench().keeper()
      // Keeps a store alive that lives only as long as somebody has it open.
      const other = await bench().keeper()
      const client = await bench().client(keeper)
      const acknowledged: string[] = []
      const writes = Array.from({ length: 500 }, async (_, i) => {
        const { path } = await client.create(`/n${i}`, bytes(`${i}`))
        acknowledged.push(path)
      })
      await writes[200]
      await bench().crash(keeper)
      await Promise.allSettled(writes)
      const after = await bench().client(other)
      await after.sync()
      const there = new Set((await after.getChildren('/')).children.map((name) => `/${name}`))
      expect(acknowledged.filter((path) => !there.has(path))).to.deep.equal([])
      for (const path of acknowledged) {
        expect(text((await after.getData(path)).data!)).to.equal(path.slice(2))
      }
    })
  })
}

export function restartSection(bench: BenchOf): void {
  describe('restart', () => {
    it('over a restart of the store: znodes, versions, sequences and sessions', async function () {
      const { fixture } = bench()
      const probe = await fixture.open()
      const { persistent } = probe.features
      await probe.close()
      if (!persistent || fixture.restart === undefined) {
        console.log(
          `      skipped: ${persistent ? 'no restart()' : 'features.persistent is false'}`,
        )
        this.skip()
      }
      const keeper = await bench().keeper()
      const client = await bench().client(keeper)
      const mode = 'persistent-sequential'
      await client.create('/n', bytes('1'))
      await client.setData('/n', bytes('2'))
      await client.create('/e', null, { mode: 'ephemeral' })
      const { path: first } = await client.create('/s-', null, { mode })
      const before = await client.getData('/n')
      await bench().crash(keeper)
      await fixture.restart()
      const after = await bench().client()
      expect(await after.getData('/n')).to.deep.equal(before)
      expect((await after.create('/s-', null, { mode })).path > first).to.equal(true)
      expect(await after.exists('/e'), 'its session has its timeout yet').to.not.equal(undefined)
      await until(async () => (await after.exists('/e')) === undefined, 'its end', 30_000)
    })
  })
}
