/** The verbs of the client. Neighbour: table. */
import {
  connect,
  createOp,
  createOrSet,
  deleteRecursive,
  jsonCodec,
  mkdirp,
  walk,
} from '../../../lib/index.ts'
import {
  atWorld,
  BAD,
  DATA,
  drain,
  noAcl,
  onPath,
  outages,
  type Row,
  whenAway,
  whenEnded,
  wrong,
} from './rows.ts'

export const verbs: Readonly<Record<string, Row>> = {
  'ZooKeeper.with': {
    ZK_BAD_ARGUMENTS: atWorld((client) => client.with({ timeoutMs: -1 })),
    ZK_INVALID_ACL: atWorld((client) => client.with({ acl: [] })),
  },
  'ZooKeeper.addAuth': {
    ZK_BAD_ARGUMENTS: atWorld((client) => client.addAuth(wrong(1), DATA)),
    ZK_AUTH_FAILED: atWorld((client) => client.addAuth('no-such', DATA)),
    ZK_CONNECTION_LOSS: whenAway((client) => client.addAuth('digest', Buffer.from('a:b'))),
  },
  'ZooKeeper.create': {
    ...onPath((client, path) => client.create(path === BAD ? path : `${path}/new`)),
    ZK_NODE_EXISTS: atWorld((client) => client.create('/open')),
    ZK_INVALID_ACL: atWorld((client) => client.create('/own', null, { acl: noAcl })),
    ZK_NO_CHILDREN_FOR_EPHEMERALS: atWorld(async (client) => {
      await client.create('/own', null, { mode: 'ephemeral' })
      return client.create('/own/new')
    }),
    ZK_SESSION_EXPIRED: whenEnded((client) => client.create('/own')),
  },
  'ZooKeeper.delete': {
    ...onPath((client, path) => client.delete(path === '/closed' ? '/closed/child' : path)),
    ZK_BAD_VERSION: atWorld((client) => client.delete('/open/child', 7)),
    ZK_NOT_EMPTY: atWorld((client) => client.delete('/open')),
  },
  'ZooKeeper.setData': {
    ...onPath((client, path) => client.setData(path, DATA)),
    ZK_BAD_VERSION: atWorld((client) => client.setData('/open', DATA, 7)),
  },
  'ZooKeeper.setAcl': {
    ...onPath((client, path) =>
      client.setAcl(path, [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]),
    ),
    ZK_BAD_VERSION: atWorld((client) =>
      client.setAcl('/open', [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }], 7),
    ),
    ZK_INVALID_ACL: atWorld((client) => client.setAcl('/open', noAcl)),
  },
  'ZooKeeper.getData': onPath((client, path) => client.getData(path)),
  'ZooKeeper.exists': onPath((client, path) => client.exists(path)),
  'ZooKeeper.getChildren': onPath((client, path) => client.getChildren(path)),
  'ZooKeeper.getAcl': onPath((client, path) => client.getAcl(path)),
  'ZooKeeper.getAllChildrenNumber': onPath((client, path) => client.getAllChildrenNumber(path)),
  'ZooKeeper.multi': {
    ZK_BAD_ARGUMENTS: atWorld((client) =>
      client.multi([{ type: 'delete', path: BAD, version: -1 }]),
    ),
    ZK_INVALID_ACL: atWorld((client) =>
      client.multi([{ ...createOp('/own', null), acl: [] } as ReturnType<typeof createOp>]),
    ),
  },
  'ZooKeeper.multiRead': {
    ZK_BAD_ARGUMENTS: atWorld((client) => client.multiRead([{ type: 'getData', path: BAD }])),
  },
  'ZooKeeper.addWatch': {
    ZK_BAD_ARGUMENTS: atWorld((client) => client.addWatch(BAD, () => {})),
    ...outages((client) => client.addWatch('/open', () => {})),
  },
  'ZooKeeper.watch': {
    ZK_SESSION_EXPIRED: whenEnded((client) => drain(client.watch('/open'))),
    reason: atWorld((client) => {
      const signal = AbortSignal.abort(new RangeError('reason'))
      return drain(client.watch('/open', { signal }))
    }),
  },
  'ZooKeeper.changes': {
    ZK_BAD_ARGUMENTS: atWorld((client) => drain(client.changes({ prefix: BAD }))),
    ZK_SESSION_EXPIRED: whenEnded((client) => drain(client.changes())),
  },
  'TypedZooKeeper.create': {
    CodecError: atWorld((client) => client.typed(jsonCodec()).create('/own', 1n)),
  },
  'TypedZooKeeper.get': { CodecError: atWorld((client) => client.typed(jsonCodec()).get('/open')) },
  'TypedZooKeeper.set': {
    CodecError: atWorld((client) => client.typed(jsonCodec()).set('/open', 1n)),
  },
  'TypedZooKeeper.update': {
    ZK_BAD_VERSION: async ({ client, owner }) => {
      await client.setData('/open', Buffer.from('1'))
      const { get, ...rest } = { get: client.getData.bind(client) }
      void rest
      // Somebody else is faster each time.
      client.getData = async (path, ...more) => {
        const found = await get(path, ...more)
        await owner.setData(path, Buffer.from('2'))
        return found
      }
      return client.typed(jsonCodec<number>()).update('/open', (value) => (value ?? 0) + 1)
    },
  },
  createOp: {
    ZK_BAD_ARGUMENTS: () => createOp(BAD, null),
    ZK_INVALID_ACL: () => createOp('/own', null, { acl: [] }),
  },
  createOrSet: {
    ZK_BAD_ARGUMENTS: atWorld((client) => createOrSet(client, BAD, DATA)),
    ZK_INVALID_ACL: atWorld((client) => createOrSet(client, '/own', DATA, { acl: [] })),
    ZK_NO_NODE: atWorld((client) => createOrSet(client, '/none/new', DATA)),
    ZK_NO_AUTH: atWorld((client) => createOrSet(client, '/closed', DATA)),
    ...outages((client) => createOrSet(client, '/own', DATA)),
  },
  mkdirp: {
    ZK_BAD_ARGUMENTS: atWorld((client) => mkdirp(client, BAD)),
    ZK_INVALID_ACL: atWorld((client) => mkdirp(client, '/own', { acl: [] })),
    ZK_NO_AUTH: atWorld((client) => mkdirp(client, '/closed/new/one')),
    ZK_NO_CHILDREN_FOR_EPHEMERALS: atWorld(async (client) => {
      await client.create('/own', null, { mode: 'ephemeral' })
      return mkdirp(client, '/own/new')
    }),
    ZK_NO_NODE: async ({ keeper }) =>
      mkdirp(await connect(keeper, { chroot: '/none' }), '/own/new'),
    ...outages((client) => mkdirp(client, '/own/new')),
  },
  deleteRecursive: {
    ZK_BAD_ARGUMENTS: atWorld((client) => deleteRecursive(client, BAD)),
    ZK_NO_AUTH: atWorld((client) => deleteRecursive(client, '/closed')),
    ...outages((client) => deleteRecursive(client, '/open')),
    reason: atWorld((client) => {
      const signal = AbortSignal.abort(new RangeError('reason'))
      return deleteRecursive(client.with({ signal }), '/open')
    }),
  },
  walk: {
    ZK_BAD_ARGUMENTS: atWorld((client) => drain(walk(client, BAD))),
    ZK_NO_AUTH: atWorld((client) => drain(walk(client, '/closed'))),
    ...outages((client) => drain(walk(client, '/open'))),
  },
}
