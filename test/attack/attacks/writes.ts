/** Writes: long and deep paths, many of them, large ones. Neighbours: attack, list. */
import type { RawMultiOp } from '../../support/raw-codec.ts'
import { attacker, type Kind, many, n, OPEN, outcome, times, withParent } from './attack.ts'

const CREATE = 1 as const

const longPath: Kind = () => ({
  name: 'a path beyond 65,521 bytes',
  async run({ port }) {
    const client = await attacker(port)
    const lengths = [65_519, 65_520, 65_521, 65_522, 70_000, 500_000, 1_040_000]
    return outcome(lengths.map((length) => client.create(`/${'p'.repeat(length - 1)}`)))
  },
})

const deepPath: Kind = ({ levels }) => ({
  name: `a path of ${n(levels)} levels, and a quota on its top`,
  async run({ port }) {
    const client = await attacker(port)
    let path = ''
    const sent: Promise<{ err: number }>[] = []
    for (let depth = 0; depth < levels; depth++) {
      path += '/d'
      sent.push(client.create(path))
    }
    sent.push(client.create('/zookeeper/quota/d'))
    sent.push(client.create('/zookeeper/quota/d/zookeeper_limits', { data: 'count=1,bytes=1' }))
    sent.push(client.create('/zookeeper/quota/d/zookeeper_stats'))
    sent.push(client.setData(path, 'x'))
    return outcome(sent)
  },
})

const manyLongPaths: Kind = ({ longPaths }) => ({
  name: `${n(longPaths)} paths of 5,000 bytes`,
  async run({ port }) {
    const client = await withParent(port, '/long')
    const name = (i: number) => `/long/${String(i).padStart(4, '0')}${'l'.repeat(5_000)}`
    return outcome(times(longPaths, (i) => client.create(name(i))))
  },
})

const manyEphemerals: Kind = ({ ephemerals }) => ({
  name: `a session with ${n(ephemerals)} ephemerals closes`,
  async run({ port, begin }) {
    const client = await withParent(port, '/ephemerals')
    const path = (i: number) => `/ephemerals/${String(i).padStart(103, 'e')}`
    const created = await many(ephemerals, (i) => client.create(path(i), { flags: 1 }))
    await begin()
    const closing = outcome([client.sendRecord(-11, new Uint8Array(0))])
    const closed = await closing
    const other = await attacker(port)
    await other.sync('/ephemerals')
    const left = await other.getAllChildrenNumber('/ephemerals')
    return `created: ${created}; closed: ${closed}, left: ${left.record.count}`
  },
})

const overwrites: Kind = (sizes) => ({
  name: `900 KB overwritten ${n(sizes.overwrites)} times`,
  async run({ port }) {
    const client = await withParent(port, '/overwritten')
    const data = Buffer.alloc(900_000, 'o')
    return outcome(times(sizes.overwrites, () => client.setData('/overwritten', data)))
  },
})

const pipelines: Kind = ({ pipelined }) => ({
  name: `8 connections pipeline ${n(pipelined)} × 1 MB each`,
  async run({ port }) {
    const data = Buffer.alloc(1_000_000, 'p')
    const clients = await Promise.all(times(8, () => attacker(port)))
    const sent = clients.flatMap((client, i) => [
      client.create(`/pipeline${i}`),
      ...times(pipelined, () => client.setData(`/pipeline${i}`, data)),
    ])
    return outcome(sent)
  },
})

const largeMulti: Kind = ({ multiCreates }) => ({
  name: `multi of ${n(multiCreates)} creates, twice`,
  async run({ port }) {
    const client = await withParent(port, '/multi')
    const ops: RawMultiOp[] = times(multiCreates, (i) => ({
      op: CREATE,
      path: `/multi/${i}`,
      data: '',
      acl: OPEN,
      flags: 0,
    }))
    return outcome([client.multi(ops), client.multi(ops)])
  },
})

export const WRITES: readonly Kind[] = [
  longPath,
  deepPath,
  manyLongPaths,
  manyEphemerals,
  overwrites,
  pipelines,
  largeMulti,
]
