/** What the raw client sends to be captured: also what no client of ZooKeeper's own would send. */

import type { RawClient } from '../../support/raw-client.ts'

type Scenario = (client: RawClient, path: string) => Promise<unknown>

const TTL_MS = 3_600_000
const READ_ACL = [
  { perms: 1, scheme: 'world', id: 'anyone' },
  { perms: 31, scheme: 'ip', id: '127.0.0.1' },
]

export const RAW_SCENARIOS: Record<string, Scenario> = {
  create: async (c, p) => {
    await c.create(p, { data: 'data' })
    await c.create(`${p}/null`, { data: null })
    await c.create(`${p}/seq-`, { data: '', flags: 2 })
    await c.create(`${p}/ephemeral`, { flags: 1, acl: READ_ACL })
    await c.create(`${p}/é漢`, { data: Buffer.from([0, 255, 128]) })
    await c.create(`${p}/no/parent`)
    await c.create(p)
    await c.create(`${p}/x`, { acl: null })
    await c.create(`${p}/x`, { acl: [] })
    await c.create(`${p}/x`, { flags: 9 })
  },
  create2: async (c, p) => {
    await c.create2(p, { data: 'data' })
    await c.create2(`${p}/seq-`, { flags: 3 })
    await c.create2(p)
  },
  createContainer: async (c, p) => {
    await c.createContainer(p)
    await c.createContainer(`${p}/flag0`, { flags: 0 })
  },
  createTTL: async (c, p) => {
    await c.createTtl(p, TTL_MS, { data: 'x' })
    await c.createTtl(`${p}/seq-`, TTL_MS, { flags: 6 })
    await c.createTtl(`${p}/plain`, TTL_MS, { flags: 0 })
    await c.createTtl(`${p}/zero`, 0)
  },
  delete: async (c, p) => {
    await c.create(p)
    await c.delete(p, 7)
    await c.delete(p, 0)
    await c.delete(p)
  },
  exists: async (c, p) => {
    await c.exists(p)
    await c.exists(p, true)
    await c.create(p, { flags: 1 })
    await c.exists(p)
  },
  getData: async (c, p) => {
    await c.create(p, { data: 'some data' })
    await c.getData(p, true)
    await c.setData(p, null)
    await c.getData(p)
    await c.getData(`${p}/none`)
  },
  setData: async (c, p) => {
    await c.create(p)
    await c.setData(p, Buffer.alloc(300, 'x'), 0)
    await c.setData(p, '', 0)
  },
  acl: async (c, p) => {
    await c.create(p)
    await c.getAcl(p)
    await c.setAcl(p, READ_ACL, 0)
    await c.getAcl(p)
    await c.setAcl(p, null)
    await c.setAcl(p, READ_ACL, 9)
  },
  getChildren: async (c, p) => {
    await c.create(p)
    await c.getChildren(p, true)
    await c.create(`${p}/a`)
    await c.create(`${p}/漢`)
    await c.getChildren(p)
    await c.getChildren2(p)
    await c.getChildren2(`${p}/a`, true)
    await c.delete(`${p}/a`)
    await c.getAllChildrenNumber(p)
    await c.getAllChildrenNumber(`${p}/none`)
  },
  sync: async (c, p) => {
    await c.sync(p)
    await c.sync('')
  },
  ping: (c) => c.ping(),
  multi: async (c, p) => {
    await c.multi([])
    await c.multi([
      { op: 1, path: p, data: 'x' },
      { op: 5, path: p, data: 'y', version: 0 },
      { op: 13, path: p, version: 1 },
      { op: 19, path: `${p}/container` },
      { op: 21, path: `${p}/ttl`, ttlMs: TTL_MS },
      { op: 1, path: `${p}/seq-`, flags: 3 },
      { op: 2, path: `${p}/ttl` },
    ])
    await c.multi([
      { op: 1, path: `${p}/a` },
      { op: 13, path: p, version: 9 },
      { op: 2, path: `${p}/b` },
    ])
  },
  multiRead: async (c, p) => {
    await c.create(p, { data: 'x' })
    await c.create(`${p}/a`)
    await c.multiRead([])
    await c.multiRead([
      { op: 4, path: p },
      { op: 8, path: p },
      { op: 8, path: `${p}/none` },
      { op: 4, path: `${p}/a` },
    ])
  },
  watches: async (c, p) => {
    await c.addWatch(p, 0)
    await c.addWatch(`${p}/r`, 1)
    await c.create(p)
    await c.create(`${p}/r`)
    await c.create(`${p}/r/x`)
    await c.setData(p, 'y')
    await c.checkWatches(p, 3)
    await c.removeWatches(p, 3)
    await c.checkWatches(p, 1)
    await c.removeWatches(`${p}/none`, 2)
    await c.addWatch(p, 7)
  },
  setWatches: async (c, p) => {
    await c.create(p)
    await c.setWatches({ relativeZxid: 0, data: [p], exist: [`${p}/x`], child: [`${p}/gone`] })
    await c.setWatches({ relativeZxid: 2 ** 40 }, 77)
    await c.setWatches2({
      relativeZxid: -1,
      data: [],
      exist: [p],
      child: [p],
      persistent: [p],
      persistentRecursive: [p, '/'],
    })
  },
  getEphemerals: async (c, p) => {
    await c.getEphemerals('/')
    await c.create(p, { flags: 1 })
    await c.getEphemerals('/')
    await c.getEphemerals('')
    await c.getEphemerals('/none')
  },
  auth: async (c) => {
    await c.auth('digest', 'user:password')
    await c.whoAmI()
    await c.auth('nonsense', 'x').catch(() => {})
    await c.waitFor(() => c.closed)
  },
  sasl: (c) => c.sasl(Buffer.from('token')),
  reconfig: (c) => c.reconfig({ joining: 'a', leaving: null, newMembers: null, curConfigId: -1 }),
  closeSession: (c) => c.close(),
}
