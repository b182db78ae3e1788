/**
 * A take-over for which etcd is stopped, or killed, right before one of its operations: how the command ends, what the store has when
 * etcd is back, and the next take-over.
 */
import { openEtcdStore } from '../../../adapters/etcd/etcd-store.ts'
import { commanded, inMs } from '../../../cli/migrate/commanded.ts'
import type { CommandError } from '../../../cli/znode/exit-codes.ts'
import { silentLogger } from '../../../lib/base/log.ts'
import { Keeper } from '../../../lib/index.ts'
import { takeOverZxid } from '../../../lib/member/plan/mirrored.ts'
import { migrationStatus } from '../../../lib/migrate/migration-status.ts'
import { takeOver } from '../../../lib/migrate/take-over.ts'
import type { ZookeeperFolder } from '../../../lib/transfer/zookeeper/data-files.ts'
import type { EtcdServer } from '../../support/etcd-server.ts'
import { create } from '../../unit/lib/migrate/scripted-source.ts'
import { logFiles } from '../../unit/lib/migrate/written-logs.ts'
import { folderOf } from '../../unit/lib/transfer/zookeeper/folders.ts'
import { type At, dyingStore } from './dying-store.ts'
import { followedStore } from './followed-store.ts'

const OWNER = 0x1000_0000_0001n
const IN_LOGS = ['/t1', '/t2', '/t3']

export interface StopOptions {
  readonly at: At
  readonly signal: 'SIGSTOP' | 'SIGKILL'
  /** The logs of the ensemble have three transactions that were not followed. */
  readonly withTail: boolean
  /** Of the command. Unit: s. */
  readonly timeoutS: number
  /** Of its last two steps. Unit: ms. */
  readonly commitMs: number
}

export interface StoppedRound {
  /** false: it ended before it came to that operation. */
  readonly wasReached: boolean
  /** Exit code of the command. */
  readonly code: number
  /** What it said; empty: it did it. */
  readonly sentence: string
  /** The next one found that it was done. */
  readonly wasTaken: boolean
  /** What is not as it must be. */
  readonly problems: readonly string[]
}

export async function stoppedRound(
  etcd: EtcdServer,
  prefix: string,
  options: StopOptions,
): Promise<StoppedRound> {
  const url = `etcd://${etcd.host}`
  const source = await followedStore(url, prefix)
  if (options.withTail) for (const path of IN_LOGS) source.commit(OWNER, create(path))
  const tail = options.withTail ? folderOf(logFiles(source.log), { name: 'zk1' }) : undefined
  const { code, sentence, wasReached } = await stopped(etcd, { prefix, tail }, options)
  const problems = problemsOf(code, sentence)
  const store = await openEtcdStore({ hosts: [etcd.host] })
  try {
    const { record } = await migrationStatus({ store, prefix })
    const isTaken = record?.phase === 'taken'
    if (code === 0 && !isTaken) problems.push('it is not taken over')
    if (/nothing was taken over/.test(sentence) && isTaken) problems.push('it is taken over')
    if (/it is taken over, and/.test(sentence) && !isTaken) problems.push('it is not taken over')
    // The logs of what is taken over already come too late.
    const logs = isTaken ? {} : tail && { tail }
    const { wasTaken } = await takeOver({ store, prefix, logger: silentLogger, ...logs })
    if (wasTaken !== isTaken) problems.push('status was wrong')
    const { record: now } = await migrationStatus({ store, prefix })
    if (now?.phase !== 'taken') problems.push('it cannot be taken over again')
    const keeper = await Keeper.open({ store, prefix })
    const { tree, sessions, zxid } = keeper.replica
    await keeper.close()
    const paths = ['/e', ...(options.withTail ? IN_LOGS : [])]
    const lost = paths.filter((path) => !tree.has(path))
    if (lost.length > 0 || sessions.size !== 1) problems.push(`lost: ${lost}`)
    if (zxid !== takeOverZxid(source.zxid)) problems.push(`zxid 0x${zxid.toString(16)}`)
    return { wasReached, code, sentence, wasTaken, problems }
  } finally {
    await store.close()
  }
}

interface Place {
  readonly prefix: string
  readonly tail: ZookeeperFolder | undefined
}

/** The command, as `anykeeper migrate take-over` runs it; then etcd is back. */
async function stopped(
  etcd: EtcdServer,
  { prefix, tail }: Place,
  { at, signal, timeoutS, commitMs }: StopOptions,
): Promise<Pick<StoppedRound, 'code' | 'sentence' | 'wasReached'>> {
  let ended: Promise<void> | undefined
  const onReached = (): void => {
    ended = signal === 'SIGKILL' ? etcd.kill() : Promise.resolve(etcd.signal('SIGSTOP'))
  }
  // Not by openStore: what it imports when it is called is another copy of the library in a test of mocha.
  const store = await openEtcdStore({ hosts: [etcd.host] })
  const dying = dyingStore(store, { at, how: 'before', onReached })
  const limits = { timeoutMs: inMs(timeoutS), commitMs }
  const command = commanded(true, async () => {
    await takeOver({ store: dying, prefix, logger: silentLogger, ...limits, ...(tail && { tail }) })
  })
  const [code, sentence] = await command({}).then(
    () => [0, ''] as const,
    (error: CommandError) => [error.exitCode, error.message] as const,
  )
  await ended
  const closing = store.close()
  if (ended !== undefined) await (signal === 'SIGKILL' ? etcd.restart() : etcd.signal('SIGCONT'))
  await closing
  return { code, sentence, wasReached: ended !== undefined }
}

/** Of how it ended. */
function problemsOf(code: number, sentence: string): string[] {
  if (code === 0 && sentence === '') return []
  const isKnown = code === 5 || code === 7
  const says = /nothing was taken over|is not known: |it is taken over, and clients are served/
  const problems: string[] = []
  if (!isKnown) problems.push(`exit code ${code}`)
  if (!says.test(sentence)) problems.push(`it said: ${sentence}`)
  if (code === 5 && !sentence.includes('nothing was taken over')) problems.push('a wrong exit code')
  return problems
}
