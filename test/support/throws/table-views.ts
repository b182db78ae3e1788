/** What a docstring of the client says in prose, and of calls that throw what a verb throws. Neighbour: table. */
import {
  AtomicCounter,
  DoubleBarrier,
  ensurePath,
  GroupMember,
  LeaderLatch,
  LeaderSelector,
  LockingQueue,
  Mutex,
  Queue,
  Semaphore,
  ServiceDiscovery,
  SharedCount,
  type WaitOptions,
  type ZooKeeper,
} from '../../../lib/index.ts'
import {
  answered,
  atWorld,
  BAD,
  CLOSED,
  DATA,
  noAcl,
  nobody,
  P,
  type Row,
  wait,
  whenAway,
  whenEnded,
} from './rows.ts'

/** Held by all calls of a shared number. */
const shared = (
  at: (client: ZooKeeper, path: string) => { get(options: WaitOptions): Promise<unknown> },
): Row => {
  const { TypeError: _, ...waits } = wait(
    (client) => at(client, P),
    (value, options) => value.get(options),
  )
  return {
    ...waits,
    ZK_CONNECTION_LOSS: async ({ client, gate }) => {
      await client.create(P, at(client, P) instanceof SharedCount ? Buffer.alloc(4) : null)
      gate.holdFrom(0)
      const setting = (at(client, P) as AtomicCounter | SharedCount).set(1)
      gate.end('away')
      return setting
    },
    ZK_NO_AUTH: atWorld((client) => at(client, '/closed').get({})),
    ZK_MARSHALLING: atWorld(async (client) => {
      await client.create(P, Buffer.from('no'))
      return at(client, P).get({})
    }),
  }
}

const ended = (call: (client: ZooKeeper) => unknown): Row => ({ ZnodeError: whenEnded(call) })

export const views: Readonly<Record<string, Row>> = {
  AtomicCounter: {
    ...shared((client, path) => new AtomicCounter(client, path)),
    RangeError: atWorld((client) => new AtomicCounter(client, P).set(0.5)),
  },
  SharedCount: shared((client, path) => new SharedCount(client, path)),
  Transaction: {
    ZK_BAD_ARGUMENTS: atWorld((client) => client.transaction().setData(BAD, DATA)),
    ZK_INVALID_ACL: atWorld((client) => client.transaction().create('/own', null, { acl: [] })),
  },
  ZooKeeper: {
    ZK_BAD_ARGUMENTS: atWorld((client) => client.getData(BAD)),
    ZK_INVALID_ACL: atWorld((client) => client.create('/own', null, { acl: [] })),
    ZK_CONNECTION_LOSS: async ({ client, gate }) => {
      gate.holdFrom(0)
      const setting = client.setData('/open', DATA)
      gate.end('away')
      return setting
    },
    ZK_SESSION_EXPIRED: whenEnded((client) => client.getData('/open')),
    ZnodeError: atWorld((client) => client.setAcl('/open', noAcl)),
  },
  'CallOptions.timeoutMs': {
    ZK_OPERATION_TIMEOUT: ({ client, gate }) => {
      gate.holdFrom(0)
      const reading = client.with({ timeoutMs: 500 }).getData('/open')
      return reading.finally(() => gate.release())
    },
  },
  'CallOptions.signal': {
    reason: atWorld((client) =>
      client.with({ signal: AbortSignal.abort(new RangeError('reason')) }).getData('/open'),
    ),
  },
  'WaitOptions.timeoutMs': {
    ZK_OPERATION_TIMEOUT: whenAway((client) => new Mutex(client, P).acquire({ timeoutMs: 500 })),
  },
  'WaitOptions.signal': {
    reason: whenAway((client) =>
      new Mutex(client, P).acquire({ signal: AbortSignal.abort(new RangeError('reason')) }),
    ),
  },
  ensurePath: { ZnodeError: atWorld((client) => ensurePath(client, '/closed/new')) },
  'ZooKeeper.sync': ended((client) => client.sync()),
  'Transaction.commit': {
    ZnodeError: atWorld((client) => client.transaction().delete('/none').commit()),
  },
  'DoubleBarrier.enter': ended((client) =>
    new DoubleBarrier(client, P, { memberCount: 1 }).enter(),
  ),
  'GroupMember.members': ended((client) => new GroupMember(client, P, 'one').members()),
  'LeaderLatch.start': {
    ZnodeError: atWorld((client) => new LeaderLatch(client, CLOSED).start()),
  },
  'LeaderLatch.leader': ended((client) => new LeaderLatch(client, P).leader()),
  'LeaderSelector.start': {
    ZnodeError: atWorld((client) => new LeaderSelector(client, CLOSED, nobody).start()),
  },
  'LeaderSelector.leader': ended((client) => new LeaderSelector(client, P, nobody).leader()),
  'LeaderSelector.participants': ended((client) =>
    new LeaderSelector(client, P, nobody).participants(),
  ),
  'LockingQueue.size': ended((client) => new LockingQueue(client, P).size()),
  'PriorityQueue.size': ended((client) => new Queue(client, P).size()),
  'Queue.size': ended((client) => new Queue(client, P).size()),
  'Semaphore.acquire': {
    ZnodeError: atWorld((client) => {
      client.create = answered({ errno: -1 })
      return new Semaphore(client, P, { maxLeases: 1 }).acquire()
    }),
  },
  'ServiceDiscovery.names': ended((client) => new ServiceDiscovery(client, P).names()),
  'ServiceDiscovery.instances': ended((client) => new ServiceDiscovery(client, P).instances('a')),
}
