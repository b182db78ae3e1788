/**
 * A take-over on a real etcd and on files that is killed behind its commit, and before its record; and one whose etcd is stopped
 * at each step: the sentence says what is the case, and the next one does what is left. For each operation:
 * `npm run test:take-over-hunt`.
 */
import { expect } from 'chai'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import { silentLogger } from '../../lib/base/log.ts'
import { migrationStatus } from '../../lib/migrate/migration-status.ts'
import { takeOver } from '../../lib/migrate/take-over.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { runAnykeeper } from '../support/run-anykeeper.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { type At, dyingStore } from './ending/dying-store.ts'
import { followedStore } from './ending/followed-store.ts'
import { killRound } from './ending/kill-round.ts'

describe('migrate: a take-over that is cut off', function () {
  this.timeout(60_000)
  let etcd: EtcdServer
  let url: string
  let folder: string

  before(async function () {
    requireOrSkip(this, 'etcd')
    folder = temporaryFolder('ending')
    etcd = await startEtcd({ binary: etcdProgram() })
    url = `etcd://${etcd.host}`
  })
  after(async () => {
    etcd?.signal('SIGCONT')
    await etcd?.stop()
    if (folder !== undefined) removeFolder(folder)
  })

  for (const name of ['etcd', 'file'] as const) {
    it(`killed between the commit and its record, ${name}`, async () => {
      const round = await killRound(
        name === 'etcd' ? url : `file:${folder}`,
        '/killed',
        'record',
        'before',
      )
      expect(round).to.include({
        wasKilled: true,
        phase: 'taken',
        recorded: 'following',
        wasTaken: true,
      })
      expect(round.sentence).to.match(/^taken over: .* take-over, once more, does that$/)
      expect(round.problems).to.deep.equal([])
    })
  }

  const steps: readonly [At, string, string][] = [
    [0, 'MIGRATE_TIMEOUT', 'while the store was read: nothing was taken over: run it again'],
    [
      'takeOver',
      'MIGRATE_UNKNOWN',
      'while the store committed the take-over: whether it is taken over is not known',
    ],
    ['record', 'MIGRATE_UNKNOWN', 'it is taken over, and clients are served; run it again'],
  ]
  for (const [at, code, words] of steps) {
    it(`etcd is stopped at ${at}`, async () => {
      const prefix = `/stopped-${at}`
      await followedStore(url, prefix)
      const inner = await openEtcdStore({ hosts: [etcd.host] })
      const onReached = (): void => etcd.signal('SIGSTOP')
      const store = dyingStore(inner, { at, how: 'before', onReached })
      const options = { store, prefix, logger: silentLogger }
      try {
        const limits = { timeoutMs: 1_500, commitMs: 1_000 }
        const error = await takeOver({ ...options, ...limits }).catch((reason: Error) => reason)
        expect(error).to.have.property('code', code)
        expect(error).to.have.property('message').that.includes(words)
        etcd.signal('SIGCONT')
        const found = await migrationStatus({ store: inner, prefix })
        const again = await takeOver({ ...options, store: inner })
        expect(again.wasTaken).to.equal(found.record?.phase === 'taken')
        expect((await migrationStatus({ store: inner, prefix })).record?.phase).to.equal('taken')
      } finally {
        etcd.signal('SIGCONT')
        await inner.close()
      }
    })
  }

  it('the commands end with a sentence and exit code 5 while etcd is stopped', async () => {
    etcd.signal('SIGSTOP')
    try {
      const commands = ['status', 'take-over', 'finish', 'abandon']
      const runs = await Promise.all(
        commands.map((name) => runAnykeeper(['migrate', name, '--store', url, '--timeout', '2'])),
      )
      for (const { code, stderr } of runs) {
        expect(stderr).to.match(
          /^error: given up after \d+ ms while the store was (opened|read): nothing was \S/,
        )
        expect(code).to.equal(5)
      }
    } finally {
      etcd.signal('SIGCONT')
    }
  })
})
