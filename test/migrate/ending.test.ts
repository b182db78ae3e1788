/**
 * A take-over on a real etcd and on files that is killed behind its commit, and before its record: the next one does what is left.
 * For each operation: `npm run test:take-over-hunt`. And the commands of a migration while etcd is stopped.
 */
import { expect } from 'chai'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { runAnykeeper } from '../support/run-anykeeper.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
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
