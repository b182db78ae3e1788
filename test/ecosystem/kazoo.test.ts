/** kazoo (Python), its watchers and recipes, against two proxies on one etcd. Scripts: kazoo/*.py. */
import { expect } from 'chai'
import { NodeClient } from './node-client.ts'
import { PythonScript, type Told } from './python-script.ts'
import { PATIENCE_MS, useTwoProxies, within } from './two-proxies.ts'

describe('kazoo', () => {
  const servers = useTwoProxies({ needs: ['kazoo'] })

  function start(name: string, room = servers.room()): PythonScript {
    const { a, b } = servers
    const script = new PythonScript(name, [a.connectString, b.connectString, room])
    servers.atEnd(() => script.kill())
    return script
  }

  /** What a script told, by its `what`. */
  async function run(name: string): Promise<Record<string, Omit<Told, 'what'>>> {
    const told = await start(name).rest()
    return Object.fromEntries(told.map(({ what, ...fields }) => [what, fields]))
  }

  it('sessions, create modes, versions, four-letter words', async () => {
    expect(await run('basics.py')).to.deep.equal({
      session: { timeout: 7000, different: true, version: [3, 8], ruok: 'imok' },
      create: {
        paths: ['/deep/er', '/e', '/n-0000000002', '/ne-0000000003', '/with-stat'],
        own: [false, true, false, true, false],
        none: [true, false, true, false, true],
        errors: ['NodeExistsError', 'NoChildrenForEphemeralsError', 'NoNodeError'],
        children: ['deep', 'e', 'n-0000000002', 'ne-0000000003', 'with-stat'],
      },
      versions: {
        before: ['data', 0, 4],
        after: ['new', 1, 3],
        grown: true,
        errors: ['BadVersionError', 'BadVersionError', 'NotEmptyError', 'NoNodeError'],
      },
      delete: { exists: false },
      closed: { children: ['n-0000000002', 'with-stat'] },
    })
  })

  it('transactions, add_auth and ACLs', async () => {
    const children = ['n-0000000001']
    expect(await run('access.py')).to.deep.equal({
      committed: { results: [true, '/x', '/n-0000000001', 1, true], children },
      'rolled back': {
        results: ['RolledBackError', 'NoNodeError', 'RuntimeInconsistency'],
        children,
      },
      acl: {
        read: 'x',
        errors: ['NoAuthError', 'NoAuthError'],
        seen: [
          [31, 'digest', 'alice:x'],
          [1, 'world', 'anyone'],
        ],
      },
      opened: { aversion: 1, error: 'BadVersionError', whole: [[31, 'world', 'anyone']] },
      auth_data: { data: 'z' },
      'wrong scheme': { error: 'AuthFailedError' },
    })
  })

  it('DataWatch and ChildrenWatch', async () => {
    const both = ['other', 'watched']
    expect(await run('watches.py')).to.deep.equal({
      data: {
        values: [
          [null, null, null],
          ['one', 0, 'CREATED'],
          ['two', 1, 'CHANGED'],
          [null, null, 'DELETED'],
          ['back', 0, 'CREATED'],
        ],
      },
      children: { values: [[], ['watched'], both, ['other'], both] },
      storm: { ordered: true },
    })
  })

  it('Lock and Election let one in at a time, and hand on when a holder ends', async () => {
    expect(await run('locks.py')).to.deep.equal({
      lock: { most: 1, visits: 30, count: 30, visitors: [0, 1, 2, 3, 4, 5] },
      'handed on': {
        contenders: ['holder', 'first', 'second'],
        blocked: false,
        got: ['first', 'second'],
      },
      election: { most: 1, leaders: [1, 2, 3, 4, 5] },
    })
  })

  it('Barrier, DoubleBarrier, Counter, Queue, LockingQueue, Party, Semaphore', async () => {
    expect(await run('recipes.py')).to.deep.equal({
      barrier: { closed_wait: false, before: false, removed: true },
      'double barrier': { order: ['in', 'in', 'out', 'out'] },
      counter: { value: 47 },
      queue: { length: 4, got: [3, 1, 2, 4], empty: true },
      'locking queue': {
        first: 'one',
        second: 'two',
        held: true,
        taken: true,
        rest: ['three', 'two'],
        left: 0,
      },
      party: { both: ['ann', 'bob'], one: ['ann'], length: 1 },
      semaphore: { leased: [true, true, false, true], holders: 2 },
    })
  })

  it('keeps session, ephemeral, lock and watch when its proxy is killed', async () => {
    const room = servers.room()
    const script = start('failover.py', room)
    const { port } = await script.next()
    expect(port, 'the first of its hosts').to.equal(servers.a.port)
    await servers.a.kill()
    script.goAhead()
    expect(await script.next()).to.deep.equal({
      what: 'back',
      same_session: true,
      moved: true,
      owner: true,
      lock: ['held'],
    })
    const other = await NodeClient.connect(servers.b.connectString)
    servers.atEnd(() => other.close())
    await other.setData(room, 'after')
    script.goAhead()
    const [end] = await script.rest()
    expect(end).to.deep.equal({
      what: 'end',
      states: ['CONNECTED', 'SUSPENDED', 'CONNECTED'],
      lost: false,
    })
  })

  it('loses its session when its process stands still, and starts another', async () => {
    const room = servers.room()
    const other = await NodeClient.connect(servers.b.connectString)
    servers.atEnd(() => other.close())
    await other.create(room)
    const script = start('silent.py', room)
    await script.next()
    const gone = new Promise<void>((resolve, reject) => {
      other
        .exists(`${room}/e`, ({ name }) => {
          if (name === 'NODE_DELETED') resolve()
        })
        .catch(reject)
    })
    script.signal('SIGSTOP')
    await within(PATIENCE_MS, 'end of the ephemeral', gone)
    script.signal('SIGCONT')
    script.goAhead()
    expect(await script.rest()).to.deep.equal([
      {
        what: 'end',
        states: ['CONNECTED', 'SUSPENDED', 'LOST', 'CONNECTED'],
        new_session: true,
        exists: false,
      },
    ])
  })
})
