/**
 * The library's locks and barriers beside Curator's: Curator through a proxy, the library as a member of its own on the
 * same etcd. Program: curator-line/Locks.java.
 */
import { join } from 'node:path'
import { expect } from 'chai'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import {
  connect,
  Keeper,
  type MetadataStore,
  ReadWriteLock,
  type ZooKeeper,
} from '../../lib/index.ts'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { PeerProgram } from '../support/peer-program.ts'
import { contenders, outcomeOf } from '../support/recipe-bench.ts'
import { curatorLibs, etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { testSharedLocks } from '../support/shared-locks.ts'
import { temporaryFolder } from '../support/temp-folder.ts'
import { compileWith, sourcesIn } from './compile.ts'

const ROOM = '/room'

describe('locks and barriers beside Curator’s', function () {
  this.timeout(120_000)
  let etcd: EtcdServer
  let proxy: AnykeeperProcess
  let store: MetadataStore
  let keeper: Keeper
  let client: ZooKeeper
  let peer: PeerProgram

  before(async function () {
    requireOrSkip(this, 'etcd', 'jdk', 'curator')
    etcd = await startEtcd({ binary: etcdProgram() })
    proxy = await startAnykeeper({ store: `etcd://${etcd.host}` })
    store = await openEtcdStore({ hosts: [etcd.host] })
    keeper = await Keeper.open({ store })
    client = await connect(keeper, { timeoutMs: 10_000 })
    const classes = temporaryFolder('curator-locks')
    const libs = join(curatorLibs(), '*')
    const sources = sourcesIn('curator-line', '.java')
    await compileWith('javac', ['-nowarn', '-proc:none', '-cp', libs, '-d', classes, ...sources])
    peer = new PeerProgram('java', [
      '-Xmx256m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-cp',
      `${classes}:${libs}`,
      'Locks',
      proxy.connectString,
      ROOM,
    ])
  })
  after(async () => {
    await peer?.kill()
    await client?.close()
    await keeper?.close()
    await store?.close()
    await proxy?.stop()
    await etcd?.stop()
  })

  testSharedLocks('curator', () => ({ client, peer, room: ROOM }))

  it('a writer that becomes a reader: Curator’s', async () => {
    const { write } = new ReadWriteLock(client, `${ROOM}/both`)
    await peer.say('write acquire')
    await peer.say('read acquire')
    await client.sync()
    const writer = write.acquire()
    const outcome = outcomeOf(writer)
    await peer.say('write release')
    await client.sync()
    expect(outcome.now).to.equal('pending')
    await peer.say('read release')
    await (await writer).release()
    expect(await contenders(client, `${ROOM}/both`)).to.deep.equal([])
  })
})
