/** Keeper conformance: znodes, multi, ACLs. Neighbour: keeper.ts. */
import { expect } from 'chai'
import { createOp, digestOf, OPEN_ACL } from '../../lib/index.ts'
import { type BenchOf, refusal } from './keeper.ts'
import { bytes, text } from './support.ts'

export function znodeSection(bench: BenchOf): void {
  describe('znodes', () => {
    it('data comes back as it was written: text, every byte, empty, and none at all', async () => {
      const client = await bench().client()
      const every = Uint8Array.from({ length: 256 }, (_, i) => i)
      for (const [name, data] of [
        ['/text', bytes('hello')],
        ['/bytes', every],
        ['/empty', new Uint8Array(0)],
        ['/null', null],
      ] as const) {
        await client.create(name, data)
        const read = (await client.getData(name)).data
        expect(read === null ? null : [...read], name).to.deep.equal(
          data === null ? null : [...data],
        )
      }
    })

    it('a znode of 900,000 bytes is possible where the store takes it', async function () {
      const store = await bench().fixture.open()
      const { txnBytesMax, valueBytesMax } = store.features
      await store.close()
      if (Math.min(txnBytesMax, valueBytesMax) < 1_000_000) {
        console.log(`      skipped: features allow ${Math.min(txnBytesMax, valueBytesMax)} bytes`)
        this.skip()
      }
      const client = await bench().client()
      const data = Buffer.alloc(900_000, 'x')
      await client.create('/large', data)
      expect(Buffer.compare((await client.getData('/large')).data!, data)).to.equal(0)
    })

    it('stat counts: versions of data, children and ACL, zxids that only grow', async () => {
      const client = await bench().client()
      const { stat: created } = await client.create('/a', bytes('1'))
      expect(created).to.deep.include({ version: 0, cversion: 0, aversion: 0, numChildren: 0 })
      const set = await client.setData('/a', bytes('22'))
      expect(set).to.deep.include({ version: 1, dataLength: 2, czxid: created.czxid })
      expect(set.mzxid).to.be.above(created.mzxid)
      await client.create('/a/b')
      await client.create('/a/c')
      await client.delete('/a/b')
      const { stat, children } = await client.getChildren('/a')
      expect(children).to.deep.equal(['c'])
      expect(stat).to.deep.include({ cversion: 3, numChildren: 1 })
      expect(stat.pzxid).to.be.above(set.mzxid)
    })

    it('refuses what ZooKeeper refuses, with its codes', async () => {
      const client = await bench().client()
      await client.create('/a')
      await client.create('/a/b')
      await refusal(client.create('/a'), 'ZK_NODE_EXISTS')
      await refusal(client.create('/none/a'), 'ZK_NO_NODE')
      await refusal(client.delete('/a'), 'ZK_NOT_EMPTY')
      await refusal(client.delete('/none'), 'ZK_NO_NODE')
      await refusal(client.setData('/a', null, 7), 'ZK_BAD_VERSION')
      await refusal(client.getData('/none'), 'ZK_NO_NODE')
      expect(await client.exists('/none')).to.equal(undefined)
    })

    it('sequence numbers are unique and grow, also over two keepers and after deletes', async () => {
      const clients = [await bench().client(), await bench().client()]
      await clients[0]!.create('/q')
      const mode = 'persistent-sequential'
      const paths = await Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          const { path } = await clients[i % 2]!.create('/q/n-', null, { mode })
          if (i % 3 === 0) await clients[i % 2]!.delete(path)
          return path
        }),
      )
      expect(new Set(paths).size).to.equal(40)
      const { path: last } = await clients[0]!.create('/q/n-', null, { mode })
      expect(last > [...paths].sort().at(-1)!).to.equal(true)
    })

    it('300 pipelined writes are each answered once, in order', async () => {
      const client = await bench().client()
      await client.create('/n', bytes('0'))
      const stats = await Promise.all(
        Array.from({ length: 300 }, (_, i) => client.setData('/n', bytes(`${i}`))),
      )
      expect(stats.map((stat) => stat.version)).to.deep.equal(stats.map((_, i) => i + 1))
      expect(text((await client.getData('/n')).data!)).to.equal('299')
    })

    it('of two keepers that set one version, one wins each time', async () => {
      const clients = [await bench().client(), await bench().client()]
      await clients[0]!.create('/n', bytes('0'))
      for (let version = 0; version < 20; version++) {
        const outcomes = await Promise.allSettled(
          clients.map((client) => client.setData('/n', bytes(`${version}`), version)),
        )
        expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).to.have.length(1)
      }
    })

    it('what one keeper acknowledged the other one reads after a sync', async () => {
      const [a, b] = [await bench().client(), await bench().client()]
      for (let i = 0; i < 20; i++) {
        await a.create(`/n${i}`, bytes(`${i}`))
        await b.sync()
        expect(text((await b.getData(`/n${i}`)).data!)).to.equal(`${i}`)
      }
    })

    it('a keeper opened later has the same tree, to the last stat', async () => {
      const client = await bench().client()
      for (let i = 0; i < 50; i++) await client.create(`/n${i}`, bytes(`${i}`))
      for (let i = 0; i < 50; i += 2) await client.setData(`/n${i}`, bytes('changed'))
      for (let i = 0; i < 50; i += 5) await client.delete(`/n${i}`)
      const other = await bench().client()
      const { children, stat } = await other.getChildren('/')
      const here = await client.getChildren('/')
      expect([...children].sort()).to.deep.equal([...here.children].sort())
      expect(stat).to.deep.equal(here.stat)
      for (const child of children) {
        expect(await other.getData(`/${child}`)).to.deep.equal(await client.getData(`/${child}`))
      }
    })
  })
}

export function multiSection(bench: BenchOf): void {
  describe('multi', () => {
    it('all of it happens, under one zxid, each operation seeing the ones before it', async () => {
      const client = await bench().client()
      await client.multi([
        createOp('/a', bytes('1')),
        createOp('/a/b', null),
        { type: 'setData', path: '/a', data: bytes('2'), version: 0 },
        { type: 'check', path: '/a', version: 1 },
      ])
      const a = await client.getData('/a')
      const b = await client.exists('/a/b')
      expect(text(a.data!)).to.equal('2')
      expect(a.stat.mzxid).to.equal(b!.czxid)
    })

    it('or nothing of it, and the first failure is told', async () => {
      const [client, other] = [await bench().client(), await bench().client()]
      await client.create('/a', bytes('1'))
      const ops = [
        createOp('/b', null),
        { type: 'setData', path: '/a', data: bytes('2'), version: -1 },
        { type: 'check', path: '/a', version: 7 },
      ] as const
      await refusal(client.multi(ops), 'ZK_BAD_VERSION')
      for (const one of [client, other]) {
        await one.sync()
        expect(await one.exists('/b')).to.equal(undefined)
        expect(text((await one.getData('/a')).data!)).to.equal('1')
      }
    })

    it('200 creates in one are all there for another keeper', async () => {
      const [client, other] = [await bench().client(), await bench().client()]
      await client.multi(Array.from({ length: 200 }, (_, i) => createOp(`/n${i}`, bytes(`${i}`))))
      await other.sync()
      const names = (await other.getChildren('/')).children.filter((name) => name.startsWith('n'))
      expect(names).to.have.length(200)
    })
  })
}

export function aclSection(bench: BenchOf): void {
  describe('ACLs', () => {
    it('who may not, is refused; who proves who he is, may; on every keeper', async () => {
      const owner = await bench().client(undefined, 'owner:secret')
      const acl = [{ perms: 31, id: { scheme: 'digest', id: digestOf(bytes('owner:secret'))! } }]
      await owner.create('/mine', bytes('1'), { acl })
      const stranger = await bench().client()
      const wrong = await bench().client(undefined, 'owner:guess')
      const second = await bench().client(undefined, 'owner:secret')
      for (const one of [stranger, wrong]) {
        await one.sync()
        await refusal(one.getData('/mine'), 'ZK_NO_AUTH')
        await refusal(one.setData('/mine', null), 'ZK_NO_AUTH')
        await refusal(one.create('/mine/x'), 'ZK_NO_AUTH')
      }
      expect(text((await second.getData('/mine')).data!)).to.equal('1')
    })

    it('setACL counts its version and holds from then on', async () => {
      const owner = await bench().client(undefined, 'owner:secret')
      const acl = [{ perms: 31, id: { scheme: 'digest', id: digestOf(bytes('owner:secret'))! } }]
      await owner.create('/mine', bytes('1'), { acl })
      const stat = await owner.setAcl('/mine', OPEN_ACL, 0)
      expect(stat.aversion).to.equal(1)
      await refusal(owner.setAcl('/mine', OPEN_ACL, 0), 'ZK_BAD_VERSION')
      const stranger = await bench().client()
      await stranger.setData('/mine', bytes('2'))
      expect((await stranger.getAcl('/mine')).acl).to.deep.equal(OPEN_ACL)
    })
  })
}
