/**
 * A take-over on a real etcd and on files that is killed behind its commit, and before its record: the next one does what is left.
 * And one for which etcd is stopped, or killed. For each operation: `npm run test:take-over-hunt`. And the commands of a migration while etcd is stopped.
 */
import { expect } from 'chai'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { runAnykeeper } from '../support/run-anykeeper.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { killRound } from './ending/kill-round.ts'
import { type StopOptions, stoppedRound } from './ending/stopped-round.ts'

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

  type Ended = StopOptions & { code: number; isTaken: boolean; words: RegExp }
  const limits = { timeoutS: 4, commitMs: 1_000 }
  const STOPPED: Readonly<Record<string, Ended>> = {
    'the store is read': {
      ...{ ...limits, at: 3, signal: 'SIGKILL', withTail: false, code: 5, isTaken: false },
      words: /^given up after \d+ ms while .*: nothing was taken over: run it again$/,
    },
    'the logs are written': {
      ...{ ...limits, at: 'entry', signal: 'SIGSTOP', withTail: true, code: 5, isTaken: false },
      words: /a part of the logs may be in the tree: run it again with the same --tail$/,
    },
    'the take-over is committed': {
      ...{ ...limits, at: 'takeOver', signal: 'SIGKILL', withTail: false, code: 7, isTaken: false },
      words: /^given up after 1000 ms while .*: whether it is taken over is not known: /,
    },
    'it is recorded': {
      ...{ ...limits, at: 'record', signal: 'SIGSTOP', withTail: true, code: 7, isTaken: true },
      words: /^given up after 1000 ms while .*: it is taken over, and clients are served; /,
    },
  }

  for (const [name, { words, code, isTaken, ...options }] of Object.entries(STOPPED)) {
    it(`etcd goes away before ${name}: a sentence, and the next one ends well`, async () => {
      const prefix = `/stopped-${options.at}`
      const round = await stoppedRound(etcd, prefix, options)
      expect(round.sentence).to.match(words)
      expect(round).to.include({ wasReached: true, code, wasTaken: isTaken })
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
