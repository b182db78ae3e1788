/** Faults put on purpose into what a real ZooKeeper says: each must be found, and nothing else. */
import { expect } from 'chai'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip, zookeeperRequirement } from '../support/requirements.ts'
import { startZookeeper, type ZookeeperServer } from '../support/zookeeper-server.ts'
import { type Alter, AlteringRelay } from './altering-relay.ts'
import { CompareProcess, type Verdict } from './compare-process.ts'

const OP = { create: 1, delete: 2, getData: 4, setData: 5, getChildren: 8, multi: 14 }
const EVENT = -1
const HEADER_BYTES = 16
const GRACE_MS = 700

for (const version of ['3.8', '3.9'] as const) {
  describe(`planted differences, ZooKeeper ${version}`, function () {
    this.timeout(60_000)
    let oracle: ZookeeperServer
    let candidate: ZookeeperServer
    let relay: AlteringRelay
    let rooms = 0

    before(async function () {
      requireOrSkip(this, zookeeperRequirement[version])
      ;[oracle, candidate] = await Promise.all([
        startZookeeper({ version }),
        startZookeeper({ version }),
      ])
      relay = await AlteringRelay.start(candidate)
    })
    after(async () => {
      await relay?.stop()
      await Promise.all([oracle?.stop(), candidate?.stop()])
    })

    /** One session that does a bit of everything, in a room of its own. */
    async function traffic(client: RawClient, room: string): Promise<void> {
      await client.create(room, { data: 'room' })
      await client.create(`${room}/n-`, { flags: 2 })
      await client.setData(room, 'changed')
      await client.getData(room, true)
      await client.getChildren(room, true)
      await client.setData(room, 'again')
      await client.create(`${room}/e`, { flags: 1 })
      await client.delete(`${room}/none`)
      await client.multi([
        { op: 1, path: `${room}/a`, data: 'x' },
        { op: 5, path: `${room}/a`, data: 'y', version: 0 },
        { op: 2, path: `${room}/a` },
      ])
      await client.multi([
        { op: 13, path: room, version: 77 },
        { op: 2, path: room },
      ])
      await client.getData(`${room}/e`)
    }

    /** All of it through compare, with the fault in. `more` keeps the client until it is noticed. */
    async function run(
      alter: Alter,
      more: (compare: CompareProcess) => Promise<void> = async () => {},
    ): Promise<Verdict & { room: string }> {
      const room = `/room${++rooms}`
      relay.alter = alter
      const sides = { candidate: relay.connectString, oracle: oracle.connectString }
      const compare = await CompareProcess.start(sides, { graceMs: GRACE_MS })
      const client = await RawClient.connect({ port: compare.port })
      await traffic(client, room)
      await more(compare)
      await client.close()
      return { ...(await compare.verdict()), room }
    }

    /** Alters the first frame of that kind. */
    function once(op: number, change: (frame: Buffer) => Buffer | undefined): Alter {
      let isDone = false
      return (asked, frame) => {
        if (isDone || asked !== op) return frame
        isDone = true
        return change(frame)
      }
    }

    it('finds none between two ZooKeepers', async () => {
      const { exitCode, counts, found } = await run((_op, frame) => frame)
      expect(found).to.deep.equal([])
      expect(exitCode).to.equal(0)
      // Greeting, traffic, closeSession; DataChanged and ChildrenChanged.
      expect([counts.requests, counts.events, counts.unchecked]).to.deep.equal([13, 2, 0])
    })

    it("finds a version in a setData's Stat", async () => {
      const { exitCode, found, room } = await run(
        once(OP.setData, (frame) => {
          frame.writeInt32BE(frame.readInt32BE(HEADER_BYTES + 32) + 1, HEADER_BYTES + 32)
          return frame
        }),
      )
      expect(exitCode).to.equal(1)
      expect(found).to.have.length(1)
      expect(found[0]).to.deep.include({
        kind: 'reply',
        fields: [{ field: 'stat.version', candidate: 2, oracle: 1 }],
      })
      expect(found[0]!.request).to.deep.include({ type: 'setData', path: room, data: 'changed' })
    })

    it('finds an errno', async () => {
      const { exitCode, found, room } = await run(
        once(OP.delete, (frame) => {
          frame.writeInt32BE(-103, 12)
          return frame
        }),
      )
      expect(exitCode).to.equal(1)
      expect(found).to.have.length(1)
      expect(found[0]!.fields).to.deep.equal([{ field: 'err', candidate: -103, oracle: -101 }])
      expect(found[0]!.request).to.deep.include({ type: 'delete', path: `${room}/none` })
    })

    it('finds a dropped event', async () => {
      const { exitCode, found, counts, room } = await run(
        once(EVENT, () => undefined),
        (compare) => compare.untilLogged(),
      )
      expect(exitCode).to.equal(1)
      expect(found).to.have.length(1)
      expect(found[0]).to.deep.include({ kind: 'event', why: 'did not come from the candidate' })
      expect(found[0]!.oracle).to.deep.include({ type: 3, path: room })
      expect(counts.events).to.equal(1)
    })

    it('finds an event behind the reply to the request that caused it', async () => {
      let held: Buffer | undefined
      const { exitCode, found, room } = await run((op, frame) => {
        if (op === EVENT && held === undefined) {
          held = frame
          return undefined
        }
        if (op !== OP.setData || held === undefined || held.length === 0) return frame
        const late = held
        held = Buffer.alloc(0)
        return [frame, late]
      })
      expect(exitCode).to.equal(1)
      expect(found).to.have.length(1)
      expect(found[0]).to.deep.include({
        kind: 'event',
        why: 'after the reply to the request that caused it on the candidate',
      })
      expect(found[0]!.request).to.deep.include({ type: 'setData', path: room, data: 'again' })
    })

    it('finds swapped results of a multi', async () => {
      const { exitCode, found } = await run(
        once(OP.multi, (frame) => {
          // create: header 9, path; setData: header 9, Stat 68; delete: header 9; end 9.
          const createEnd = HEADER_BYTES + 9 + 4 + frame.readInt32BE(HEADER_BYTES + 9)
          const setDataEnd = createEnd + 9 + 68
          return Buffer.concat([
            frame.subarray(0, HEADER_BYTES),
            frame.subarray(createEnd, setDataEnd),
            frame.subarray(HEADER_BYTES, createEnd),
            frame.subarray(setDataEnd),
          ])
        }),
      )
      expect(exitCode).to.equal(1)
      expect(found).to.have.length(1)
      expect(found[0]!.fields).to.deep.equal([
        { field: 'results[0].type', candidate: 'setData', oracle: 'create' },
        { field: 'results[1].type', candidate: 'create', oracle: 'setData' },
      ])
      expect(found[0]!.request).to.deep.include({ type: 'multi' })
    })

    it('finds a sequence number in a created path', async () => {
      let creates = 0
      const { exitCode, found, room } = await run((op, frame) => {
        if (op !== OP.create || ++creates !== 2) return frame
        frame[frame.length - 1]! += 1
        return frame
      })
      expect(exitCode).to.equal(1)
      expect(found).to.have.length(1)
      expect(found[0]!.fields).to.deep.equal([
        { field: 'path', candidate: `${room}/n-0000000001`, oracle: `${room}/n-0000000000` },
      ])
      expect(found[0]!.request).to.deep.include({ type: 'create', path: `${room}/n-`, flags: 2 })
    })

    it('finds a zxid and an owner that belong to another', async () => {
      const { exitCode, found, room } = await run((op, frame) => {
        if (op !== OP.getData || frame.length < HEADER_BYTES + 68) return frame
        const stat = frame.length - 68
        const owner = frame.readBigInt64BE(stat + 44)
        if (owner === 0n) return frame
        frame.writeBigInt64BE(owner + 1n, stat + 44)
        frame.writeBigInt64BE(frame.readBigInt64BE(stat) - 1n, stat)
        return frame
      })
      expect(exitCode).to.equal(1)
      expect(found).to.have.length(1)
      expect(found[0]!.fields!.map(({ field }) => field)).to.include.members([
        'stat.czxid',
        'stat.ephemeralOwner',
      ])
      expect(found[0]!.request).to.deep.include({ type: 'getData', path: `${room}/e` })
    })

    it('finds a connection that the candidate alone ends', async () => {
      const { candidate: side } = { candidate: relay.connectString }
      relay.alter = (_op, frame) => frame
      const compare = await CompareProcess.start(
        { candidate: side, oracle: oracle.connectString },
        { graceMs: GRACE_MS },
      )
      const client = await RawClient.connect({ port: compare.port })
      await client.exists('/')
      await relay.stop()
      await client.waitFor(() => client.closed)
      await compare.untilLogged()
      const { exitCode, found } = await compare.verdict()
      relay = await AlteringRelay.start(candidate)
      expect(exitCode).to.equal(1)
      expect(found[0]).to.deep.include({
        kind: 'connection',
        why: 'closed by the candidate only',
      })
    })
  })
}
