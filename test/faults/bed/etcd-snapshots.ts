/** Snapshots as operators take and restore them, with etcdctl and etcdutl. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { etcdProgram, etcdutlProgram } from '../../support/requirements.ts'
import type { AnykeeperBed } from './anykeeper-bed.ts'

const run = promisify(execFile)
const etcdctl = join(dirname(etcdProgram()), 'etcdctl')

export function missingSnapshotTools(): string | undefined {
  const absent = [etcdctl, etcdutlProgram()].find((path) => !existsSync(path))
  return absent === undefined ? undefined : `${absent} is absent`
}

export async function saveSnapshot(bed: AnykeeperBed, file: string): Promise<void> {
  const { host } = bed.members[1] ?? bed.members[0]!
  await run(etcdctl, ['--endpoints', host, 'snapshot', 'save', file], { timeout: 60_000 })
}

/** While no member runs: each gets the snapshot as its data. */
export async function restoreSnapshot(
  bed: AnykeeperBed,
  file: string,
  { bump }: { bump: boolean },
): Promise<void> {
  const { initialCluster } = bed
  await Promise.all(
    bed.members.map(async (member) => {
      member.removeData()
      const args = [
        ...['snapshot', 'restore', file],
        ...['--name', member.name, '--data-dir', member.dataFolder],
        ...['--initial-cluster', initialCluster],
        ...['--initial-cluster-token', 'faults-restored'],
        ...['--initial-advertise-peer-urls', member.peerUrl],
        ...(bump ? ['--bump-revision', '1000000000', '--mark-compacted'] : []),
      ]
      await run(etcdutlProgram(), args, { timeout: 60_000 })
    }),
  )
}
