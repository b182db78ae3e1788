/** Every kind of folder that --tail may be given: what continues the tree is taken, whole, and all else leaves it as it was. */
import { expect } from 'chai'
import { silentLogger } from '../../../../lib/base/log.ts'
import { SourceKey } from '../../../../lib/migrate/source-key.ts'
import { takeOver } from '../../../../lib/migrate/take-over.ts'
import type { ZookeeperFolder } from '../../../../lib/transfer/zookeeper/data-files.ts'
import type { Txn } from '../../../../lib/transfer/zookeeper/txn.ts'
import { changed, type Files, folderOf, without } from '../transfer/zookeeper/folders.ts'
import { mirrorBench } from './mirror-bench.ts'
import { commitsEntry, passingStore, type StoreTxn } from './passing-store.ts'
import { create, ScriptedSource } from './scripted-source.ts'
import { logFiles, logOf } from './written-logs.ts'

const ANNA = 0x1000_0000_0001n
/** Addresses at which nothing listens. */
const servers = ['127.0.0.1:1']
const logger = silentLogger

describe('migrate/tail', () => {
  let bench: ReturnType<typeof mirrorBench>

  beforeEach(() => {
    bench = mirrorBench()
  })
  afterEach(() => bench.close())

  /** Ten transactions are followed; what `more` commits is in the logs alone. */
  async function unfollowed(more: (source: ScriptedSource) => void): Promise<readonly Txn[]> {
    const { source } = bench
    source.commit(ANNA, { op: 'createSession', timeoutMs: 10_000 })
    for (let at = 1; at < 10; at++) source.commit(ANNA, create(`/a${at}`))
    const follower = bench.follow({ servers })
    await bench.caughtUp()
    await follower.stop()
    more(source)
    return source.log
  }

  const take = (tail: ZookeeperFolder | Files, more = {}) => {
    const folder = tail instanceof Map ? folderOf(tail, { name: 'zk1' }) : tail
    return takeOver({ store: bench.own, logger, tail: folder, ...more })
  }

  /** It fails with these words, and the tree is as it was: one that is right is taken afterwards. */
  async function refused(
    tail: ZookeeperFolder | Files,
    code: string,
    words: RegExp,
  ): Promise<void> {
    const before = await bench.lines()
    const error = await take(tail).catch((reason: Error) => reason)
    expect(error).to.have.property('message').that.matches(words)
    expect(error).to.have.property('code', code)
    expect(await bench.lines()).to.equal(before)
    expect((await bench.key.read())?.digest).to.not.equal('unequal')
  }

  const threeMore = (source: ScriptedSource) => {
    for (const name of ['x', 'y', 'z']) source.commit(ANNA, create(`/${name}`))
  }
  const inNewEpoch = (source: ScriptedSource) => {
    source.commit(ANNA, create('/last-of-epoch'))
    source.newEpoch()
    source.commit(ANNA, create('/x'))
    source.commit(ANNA, create('/y'))
  }

  for (const hasDigests of [true, false]) {
    describe(hasDigests ? 'with digests' : 'without digests, as before 3.6', () => {
      beforeEach(() => {
        bench.source.hasDigests = hasDigests
      })

      it('takes what is behind the tree, of one log or several', async () => {
        const log = await unfollowed(threeMore)
        const files = logFiles(log.slice(0, 11), log.slice(11))
        expect(await take(files)).to.include({ fromTail: 3, sourceZxid: bench.source.zxid })
      })

      it('takes what a later epoch has, where the log shows the end of the one before', async () => {
        const log = await unfollowed(inNewEpoch)
        expect(await take(logFiles(log))).to.include({ fromTail: 3 })
      })

      it('a log in the middle is missing', async () => {
        const log = await unfollowed(threeMore)
        const files = logFiles(log.slice(0, 11), log.slice(12))
        await refused(files, 'COPY_MALFORMED', /follows 0x10000000b: a log is missing between them/)
      })

      it('the log that ended an epoch is missing', async () => {
        const log = await unfollowed(inNewEpoch)
        const files = logFiles(log.slice(0, 10), log.slice(11))
        const words = hasDigests
          ? /with 0x200000001 the tree is not the one that the ensemble had/
          : /0x200000001, the first in log.200000001, begins an epoch, and nothing shows that the one before ended with 0x10000000a/
        await refused(files, 'MIGRATE_TAIL', words)
      })

      it('the log that ended an epoch is missing, and a snapshot shows it', async () => {
        const log = await unfollowed(inNewEpoch)
        const files = new Map(logFiles(log.slice(0, 10), log.slice(11)))
        files.set('snapshot.10000000b', Buffer.from(''))
        await refused(
          files,
          'COPY_MALFORMED',
          /snapshot.10000000b is between them: a log is missing/,
        )
      })

      it('a log of another ensemble, which overlaps', async () => {
        await unfollowed(threeMore)
        const other = new ScriptedSource()
        other.hasDigests = hasDigests
        other.commit(ANNA, { op: 'createSession', timeoutMs: 10_000 })
        for (let at = 1; at < 13; at++) other.commit(ANNA, create(`/a${at + 1}`))
        await refused(logFiles(other.log), 'MIGRATE_TAIL', /not those of the ensemble/)
      })

      it('a log of another ensemble, which does not fit', async () => {
        await unfollowed(threeMore)
        const other = new ScriptedSource()
        other.hasDigests = hasDigests
        for (let at = 0; at < 12; at++) other.commit(ANNA, create(`/b${at}`))
        other.commit(ANNA, { op: 'setData', path: '/b1', data: 'x', version: 1 })
        await refused(logFiles(other.log.slice(10)), 'MIGRATE_TAIL', /not those of the ensemble/)
      })

      it('logs that end before the tree', async () => {
        const log = await unfollowed(threeMore)
        await refused(
          logFiles(log.slice(0, 7)),
          'MIGRATE_TAIL',
          /end with 0x100000007, and the tree is at 0x10000000a/,
        )
      })

      it('a flipped bit', async () => {
        const log = await unfollowed(threeMore)
        const files = changed(logFiles(log), 'log.100000001', (bytes) => {
          bytes[bytes.length - 150]! ^= 4
          return bytes
        })
        await refused(files, 'COPY_MALFORMED', /zk1\/log.100000001: .*damaged/)
      })

      it('takes what is whole of a log that was torn', async () => {
        const log = await unfollowed(threeMore)
        const files = changed(logFiles(log), 'log.100000001', (bytes) => bytes.subarray(0, -10))
        expect(await take(files)).to.include({ fromTail: 2 })
      })
    })
  }

  it('an epoch whose beginning is alone in its file is taken where that is allowed', async () => {
    bench.source.hasDigests = false
    const log = await unfollowed((source) => {
      source.newEpoch()
      source.commit(ANNA, create('/x'))
    })
    const files = logFiles(log.slice(0, 10), log.slice(10))
    await refused(files, 'MIGRATE_TAIL', /a log may be missing between them/)
    expect(await take(files, { sourceStays: true })).to.include({ fromTail: 1 })
  })

  it('a digest shows that nothing is missing before an epoch', async () => {
    const log = await unfollowed((source) => {
      source.newEpoch()
      source.commit(ANNA, create('/x'))
    })
    expect(await take(logFiles(log.slice(0, 10), log.slice(10)))).to.include({ fromTail: 1 })
  })

  it('folders without a log, and such that cannot be read', async () => {
    const log = await unfollowed(threeMore)
    await refused(
      new Map([['notes.txt', Buffer.from('x')]]),
      'COPY_NOT_FOUND',
      /no transaction log in zk1/,
    )
    await refused(
      new Map([['log.1', Buffer.alloc(64)]]),
      'MIGRATE_TAIL',
      /there is no transaction in the logs/,
    )
    await refused(
      new Map([['log.1', Buffer.from('x'.repeat(64))]]),
      'COPY_MALFORMED',
      /no transaction log of ZooKeeper/,
    )
    const denied = Object.assign(new Error('EACCES: permission denied'), {
      ...{ code: 'EACCES', syscall: 'open' },
    })
    const closed = { name: 'zk1', list: () => Promise.reject(denied), open: () => [] }
    await refused(closed, 'COPY_NOT_FOUND', /zk1 cannot be read: EACCES/)
    const sealed: ZookeeperFolder = {
      ...folderOf(logFiles(log), { name: 'zk1' }),
      async *open() {
        yield Buffer.alloc(0)
        throw denied
      },
    }
    await refused(sealed, 'COPY_NOT_FOUND', /zk1\/log.100000001 cannot be read: EACCES/)
    expect(await take(logFiles(log))).to.include({ fromTail: 3 })
  })

  it('half of a tail in the tree is not taken over without the rest', async () => {
    const log = await unfollowed(threeMore)
    const files = logFiles(log)
    // As a take-over that was killed while it wrote: what is to come is recorded.
    await bench.key.update(
      (record) => record && { ...record, unfollowed: false, leader: '', received: log[12]!.zxid },
    )
    const error = await takeOver({ store: bench.own, logger }).catch((reason: Error) => reason)
    expect(error)
      .to.have.property('message')
      .that.includes('0x10000000d was received, and the tree is at 0x10000000a')
    expect(await take(files)).to.include({ fromTail: 3 })
    expect((await new SourceKey({ store: bench.own }).read())?.phase).to.equal('taken')
    const late = await take(without(files)).catch((reason: Error) => reason)
    expect(late).to.have.property('message').that.includes('taken over already')
  })

  it('says before it writes how far the logs go', async () => {
    const log = await unfollowed(threeMore)
    const store = bench.bench.handle()
    let received: number | undefined
    const watched = {
      ...passingStore(store),
      txn: async (txn: StoreTxn) => {
        if (commitsEntry(txn)) received ??= (await bench.key.read())?.received
        return store.txn(txn)
      },
    }
    await takeOver({ store: watched, logger, tail: folderOf(new Map([['log.1', logOf(log)]])) })
    expect(received).to.equal(log[12]!.zxid)
    await store.close()
  })
})
