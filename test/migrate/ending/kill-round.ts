/** A take-over in a process of its own that is killed at one of its operations; what is said then, and the next one. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { openStore } from '../../../adapters/index.ts'
import { silentLogger } from '../../../lib/base/log.ts'
import { Keeper } from '../../../lib/index.ts'
import { migrationStatus } from '../../../lib/migrate/migration-status.ts'
import { SourceKey } from '../../../lib/migrate/source-key.ts'
import { takeOver } from '../../../lib/migrate/take-over.ts'
import type { At } from './dying-store.ts'
import { followedStore } from './followed-store.ts'

const child = fileURLToPath(new URL('killed-child.ts', import.meta.url))

export interface KillRound {
  /** false: it ended before it came to that operation. */
  readonly wasKilled: boolean
  /** As status said it. */
  readonly phase: string
  readonly sentence: string
  /** As the record had it before the next take-over. */
  readonly recorded: string
  /** The next one found that it was done. */
  readonly wasTaken: boolean
  /** What is not as it must be. */
  readonly problems: readonly string[]
}

export async function killRound(
  url: string,
  prefix: string,
  at: At,
  how: 'before' | 'after',
): Promise<KillRound> {
  await followedStore(url, prefix)
  const args = ['--import', 'tsx', child, url, prefix, String(at), how]
  const process_ = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code, signal] = (await once(process_, 'close')) as [number | null, string | null]
  const problems: string[] = []
  if (signal !== 'SIGKILL' && code !== 0) problems.push(`it ended with ${code ?? signal}`)
  const store = await openStore(url, { create: false })
  try {
    const { record, sentence } = await migrationStatus({ store, prefix })
    const recorded = (await new SourceKey({ store, prefix }).read())!.phase
    const { wasTaken } = await takeOver({ store, prefix, logger: silentLogger })
    if (wasTaken !== (record?.phase === 'taken')) problems.push('status was wrong')
    if ((await migrationStatus({ store, prefix })).record?.phase !== 'taken')
      problems.push('not taken')
    const keeper = await Keeper.open({ store, prefix })
    const { replica } = keeper
    if (!replica.tree.has('/e') || replica.sessions.size !== 1) problems.push('another tree')
    if (replica.zxid !== 0x101_0000_0000) problems.push(`zxid 0x${replica.zxid.toString(16)}`)
    await keeper.close()
    const wasKilled = signal === 'SIGKILL'
    return { wasKilled, phase: record?.phase ?? 'none', sentence, recorded, wasTaken, problems }
  } finally {
    await store.close()
  }
}
