/** `anykeeper migrate check`: can this ensemble be followed and taken over? Writes nothing. Neighbours: source-flags. */
import { Command, Option } from 'commander'
import { checkSource, type Finding, silentLogger, TARGET_DEFAULT } from '../../lib/internal.ts'
import { parsePositive } from '../settings/parse.ts'
import { EXIT } from '../znode/exit-codes.ts'
import { counted } from '../znode/layout.ts'
import { printable, printableJson } from '../znode/printable.ts'
import { type BoundFlags, sourceBoundsOf, withBoundFlags } from './bound-flags.ts'
import { commanded, exitCodesText, inMs, limitOf, withTimeout } from './commanded.ts'
import { type SourceFlags, sourceOptions, withSourceFlags } from './source-flags.ts'

interface CheckFlags extends SourceFlags, BoundFlags {
  readonly json?: true
  readonly timeout: number
  readonly znodeBytesMax: number
  readonly sessionTimeoutMin: number
  readonly sessionTimeoutMax: number
}

/** Of --timeout, for the snapshot: what else was found is said all the same where it does not come. */
const SNAPSHOT_SHARE = 1 / 2

const CODES = exitCodesText('ok', 'error', 'usage', 'noRights', 'noServer', 'conflict', 'found')

export function checkCommand(): Command {
  const { znodeBytesMax, sessionTimeoutMsMin, sessionTimeoutMsMax } = TARGET_DEFAULT
  return withBoundFlags(withTimeout(withSourceFlags(new Command('check'))))
    .summary('say whether a running ZooKeeper ensemble can be moved')
    .description(
      'Look at a running ZooKeeper ensemble: its servers, whether it accepts an observer, and what is in its tree. ' +
        'Joins it once, for a snapshot, and writes nothing.',
    )
    .option('--json', 'print the findings as one JSON object')
    .addOption(
      new Option('--znode-bytes-max <n>', 'most data of a znode that the store takes')
        .default(znodeBytesMax)
        .argParser(parsePositive),
    )
    .addOption(
      new Option('--session-timeout-min <ms>', 'of the servers that will serve the clients')
        .default(sessionTimeoutMsMin)
        .argParser(parsePositive),
    )
    .addOption(
      new Option('--session-timeout-max <ms>', 'of the servers that will serve the clients')
        .default(sessionTimeoutMsMax)
        .argParser(parsePositive),
    )
    .allowExcessArguments(false)
    .addHelpText('after', `\n${CODES}`)
    .action(commanded(false, check))
}

async function check(flags: CheckFlags): Promise<void> {
  const source = sourceOptions(flags)
  const findings = await limitOf(flags.timeout).step({ doing: 'the ensemble was examined' }, () =>
    checkSource({
      ...{ ...source, ...sourceBoundsOf(flags), timeoutMs: inMs(flags.timeout) * SNAPSHOT_SHARE },
      logger: silentLogger,
      limits: {
        znodeBytesMax: flags.znodeBytesMax,
        sessionTimeoutMsMin: flags.sessionTimeoutMin,
        sessionTimeoutMsMax: flags.sessionTimeoutMax,
      },
    }),
  )
  process.stdout.write(
    flags.json === true ? `${printableJson(JSON.stringify({ findings }))}\n` : shown(findings),
  )
  process.exitCode = findings.some(({ severity }) => severity === 'blocks') ? EXIT.found : EXIT.ok
}

/** A line each, and the verdict. */
export function shown(findings: readonly Finding[]): string {
  const lines = findings.map(
    ({ severity, sentence }) => `${severity.padEnd(6)}  ${printable(sentence)}\n`,
  )
  const blocked = findings.filter(({ severity }) => severity === 'blocks').length
  const verdict =
    blocked === 0
      ? 'nothing blocks a move'
      : `${blocked} of ${counted(findings.length, 'finding')} ${blocked === 1 ? 'blocks' : 'block'} a move`
  return `${lines.join('')}${verdict}\n`
}
