/** `anykeeper migrate check`: can this ensemble be followed and taken over? Writes nothing. Neighbours: source-flags. */
import { Command, Option } from 'commander'
import { checkSource, type Finding, silentLogger, TARGET_DEFAULT } from '../../lib/internal.ts'
import { parsePositive } from '../settings/parse.ts'
import { counted } from '../znode/layout.ts'
import { printable, printableJson } from '../znode/printable.ts'
import { type SourceFlags, sourceOptions, withSourceFlags } from './source-flags.ts'

interface CheckFlags extends SourceFlags {
  readonly json?: true
  readonly znodeBytesMax: number
  readonly sessionTimeoutMin: number
  readonly sessionTimeoutMax: number
}

const EXIT_BLOCKED = 3
const EXIT_CODES = `Exit codes:
  0  nothing blocks a move; there may be warnings
  1  the check itself failed
  2  bad usage
  3  something blocks a move`

export function checkCommand(): Command {
  const { znodeBytesMax, sessionTimeoutMsMin, sessionTimeoutMsMax } = TARGET_DEFAULT
  return withSourceFlags(new Command('check'))
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
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(check)
}

async function check(flags: CheckFlags): Promise<void> {
  const findings = await checkSource({
    ...sourceOptions(flags),
    logger: silentLogger,
    limits: {
      znodeBytesMax: flags.znodeBytesMax,
      sessionTimeoutMsMin: flags.sessionTimeoutMin,
      sessionTimeoutMsMax: flags.sessionTimeoutMax,
    },
  })
  process.stdout.write(
    flags.json === true ? `${printableJson(JSON.stringify({ findings }))}\n` : shown(findings),
  )
  process.exitCode = findings.some(({ severity }) => severity === 'blocks') ? EXIT_BLOCKED : 0
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
