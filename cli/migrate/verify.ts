/** `anykeeper migrate verify`: is the stored tree that of the ensemble it follows? Writes nothing. Neighbours: source-flags. */
import { Command, Option } from 'commander'
import { silentLogger, storedTree, type Verdict, verifySource } from '../../lib/internal.ts'
import { prefixFlag, withStoreFlags } from '../flags.ts'
import { parsePositive } from '../settings/parse.ts'
import { EXIT } from '../znode/exit-codes.ts'
import { printableJson, printableText } from '../znode/printable.ts'
import {
  type BoundFlags,
  quietBoundOf,
  sourceBoundsOf,
  storeBoundOf,
  withBoundFlags,
} from './bound-flags.ts'
import {
  commanded,
  exitCodesText,
  inMs,
  limitOf,
  withLimitedStore,
  withTimeout,
} from './commanded.ts'
import { type SourceFlags, sourceOptions, withSourceFlags } from './source-flags.ts'

interface VerifyFlags extends SourceFlags, BoundFlags {
  readonly store: string
  readonly prefix: string
  readonly zookeeperTtl?: true
  readonly differences: number
  readonly timeout: number
  readonly json?: true
}

const CODES = exitCodesText('ok', 'error', 'usage', 'noRights', 'noServer', 'conflict', 'found')
const DIFFERENCES = 20

export function verifyCommand(): Command {
  return withBoundFlags(
    withTimeout(withSourceFlags(withStoreFlags(new Command('verify'), 'compare this store'))),
  )
    .summary('compare the stored tree with the ensemble that it follows')
    .description(
      'Compare the stored tree with that of a running ZooKeeper ensemble, at the same zxid: every znode with its data, ' +
        'Stat and ACL, and every session. Joins the ensemble once, for a snapshot, and writes nothing.',
    )
    .addOption(prefixFlag())
    .option('--zookeeper-ttl', 'the source runs with extendedTypesEnabled, as at its import')
    .addOption(
      new Option('--differences <n>', 'name so many differences')
        .default(DIFFERENCES)
        .argParser(parsePositive),
    )
    .option('--json', 'print the result as one JSON object')
    .allowExcessArguments(false)
    .addHelpText('after', `\n${CODES}`)
    .action(commanded(false, verify))
}

async function verify(flags: VerifyFlags): Promise<void> {
  const { store: url, prefix, differences, timeout, zookeeperTtl, json } = flags
  const limit = limitOf(timeout)
  const timeoutMs = inMs(timeout)
  const source = { ...sourceOptions(flags), ...sourceBoundsOf(flags) }
  const verdict = await withLimitedStore(url, limit, (store) =>
    limit.step({ doing: 'the trees were compared' }, () =>
      verifySource({
        ...source,
        ...{ logger: silentLogger, differencesMax: differences, timeoutMs },
        finish: { withTtl: zookeeperTtl === true },
        ours: (atLeast) =>
          storedTree(atLeast, {
            store,
            prefix,
            timeoutMs,
            ...quietBoundOf(flags),
            ...storeBoundOf(flags),
          }),
      }),
    ),
  )
  process.stdout.write(
    json === true ? `${printableJson(JSON.stringify(verdict))}\n` : printableText(shown(verdict)),
  )
  process.exitCode = verdict.isEqual ? EXIT.ok : EXIT.found
}

function shown(verdict: Verdict): string {
  const { zxid, isEqual, sourceHash, ourHash, difference, znodes, sessions } = verdict
  const at = `at zxid 0x${zxid.toString(16)}`
  if (isEqual) {
    return `equal ${at}: ${znodes} znodes, ${sessions} sessions, sha256 ${sourceHash}\n`
  }
  const lines = difference.first.map((sentence) => `differs: ${sentence}\n`)
  const left = difference.count - difference.first.length
  const more = left > 0 ? `and ${left} more\n` : ''
  return `${lines.join('')}${more}${difference.count} differences ${at}: sha256 ${sourceHash} there, ${ourHash} here\n`
}
