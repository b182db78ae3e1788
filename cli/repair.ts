/** `anykeeper repair`: names what is damaged in a stored tree, and mends it. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { Command } from 'commander'
import { type KeyValue, type RepairReport, repairTree } from '../lib/index.ts'
import { say, withStore } from './copy.ts'
import { prefixFlag, storeTimeoutFlag, withStoreFlags } from './flags.ts'
import { shownUrl } from './settings/shown-url.ts'

interface RepairFlags {
  readonly store: string
  readonly prefix: string
  readonly dryRun?: true
  readonly force?: true
  readonly save?: string
  readonly storeTimeout: number
}

const EXIT_FOUND = 3
const EXIT_MENDED = 4
const EXIT_LEFT = 5
const EXIT_CODES = `Exit codes:
  0  nothing is damaged
  1  it could not be examined, a newer version wrote it, or proxies serve it: nothing was written; or the store failed
     amid it, which is said: run it again
  2  bad usage
  3  damage was found (--dry-run)
  4  damage was found and mended
  5  damage was found, and not all of it could be mended`

export function repairCommand(): Command {
  const command = new Command('repair')
    .summary('find what is damaged in a stored tree, and mend it')
    .description(
      'Find records and journal entries that are damaged or missing, and mend what can be mended. End all proxies ' +
        'first. What is removed is written to a file before.',
    )
  return withStoreFlags(command, 'examine this store')
    .addOption(prefixFlag())
    .option('--dry-run', 'name the findings, and write nothing to the store')
    .option('--force', 'mend although proxies are registered: they must not run')
    .option('--save <file>', 'write what is removed there (default: anykeeper-repair-<time>.jsonl)')
    .addOption(storeTimeoutFlag())
    .allowExcessArguments(false)
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(repair)
}

async function repair(flags: RepairFlags): Promise<void> {
  const { store: url, prefix, dryRun = false, force = false } = flags
  const report = await withStore(url, { create: false }, (store) =>
    repairTree({
      ...{ store, prefix, dryRun, force, storeMs: flags.storeTimeout },
      save: (removed) => saveTo(fileOf(flags), removed),
    }),
  )
  say(`examined the tree below ${prefix} in ${shownUrl(url)}`)
  show(report, dryRun)
  process.exitCode = exitCodeOf(report, dryRun)
}

function fileOf({ save }: RepairFlags): string {
  return save ?? `anykeeper-repair-${new Date().toISOString().replaceAll(':', '-')}.jsonl`
}

function show(report: RepairReport, dryRun: boolean): void {
  const { findings, foreign, foreignCount, proxies, actions, left } = report
  for (const { text } of findings) say(`found: ${text}`)
  for (const { text } of foreign) say(`foreign: ${text}; it stays`)
  if (foreignCount > foreign.length)
    say(`foreign: ${foreignCount - foreign.length} more keys; they stay`)
  for (const action of actions) say(`${dryRun ? 'to mend' : 'mended'}: ${action}`)
  if (proxies.length > 0) say(`registered proxies: ${proxies.join(', ')}`)
  if (!dryRun) for (const { text } of left) say(`left: ${text}`)
}

function exitCodeOf({ findings, isMended }: RepairReport, dryRun: boolean): number {
  if (findings.length === 0) return 0
  if (dryRun) return EXIT_FOUND
  return isMended ? EXIT_MENDED : EXIT_LEFT
}

/** One JSON line a key. It is on the disk before anything is removed; readable by its owner alone. */
function saveTo(path: string, removed: readonly KeyValue[]): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    for (const { key, value } of removed) {
      const [keyText, base64] = [Buffer.from(key).toString(), Buffer.from(value).toString('base64')]
      writeSync(file, `${JSON.stringify({ key: keyText, base64 })}\n`)
    }
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  say(`wrote ${removed.length} values to ${path}`)
}
