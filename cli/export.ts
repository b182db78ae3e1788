/** `anykeeper export`: writes a tree of a store as JSON lines to stdout or a file. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Command, Option } from 'commander'
import { readTree, type TreeExport, zookeeperSnapshot } from '../lib/index.ts'
import { Turns } from '../lib/internal.ts'
import { parseZnodePath, say, shownSummary, withStore } from './copy.ts'
import { sayNow, whenCutShort } from './cut-short.ts'
import { prefixFlag, storeTimeoutFlag, UsageError, withStoreFlags } from './flags.ts'
import { type OutputFile, outputFile } from './named-files.ts'
import { type Progress, showProgress } from './progress.ts'
import { shownUrl } from './settings/shown-url.ts'
import { unusableFile } from './unusable.ts'
import { writeSnapshot } from './zookeeper-folder.ts'

interface ExportFlags {
  readonly store: string
  readonly prefix: string
  readonly path: string
  readonly withoutEphemerals?: true
  readonly output?: string
  readonly format: 'lines' | 'zookeeper-snapshot'
  readonly storeTimeout: number
}

/** Everything readable was exported, but that is not all. */
const EXIT_DAMAGED = 3
const EXIT_CODES = `Exit codes:
  0  the whole tree was exported
  1  nothing was, or not to the end
  2  bad usage
  3  the tree is damaged: what can be read was exported, and warnings name the rest`

/** Lines are collected into chunks of this size. Unit: characters. */
const CHUNK_LENGTH = 64 * 1024

export function exportCommand(): Command {
  const command = new Command('export')
    .summary('write a tree as JSON lines to stdout or a file')
    .description(
      'Write a tree as JSON lines to stdout. On etcd and Redis the proxies may continue to serve ' +
        'it; a server on files must be stopped first.',
    )
  return withStoreFlags(command, 'read from this store')
    .addOption(prefixFlag())
    .option(
      '--path <znode>',
      'export only this znode, its ancestors and its descendants',
      parseZnodePath,
      '/',
    )
    .option('--without-ephemerals', 'leave out ephemeral znodes and all sessions')
    .option('--output <file>', 'write to this file instead of stdout, complete or not at all')
    .addOption(
      new Option(
        '--format <format>',
        'lines; or a snapshot that Apache ZooKeeper starts from, in the directory that is named last',
      )
        .choices(['lines', 'zookeeper-snapshot'])
        .default('lines'),
    )
    .addOption(storeTimeoutFlag())
    .argument('[dir]', 'with --format zookeeper-snapshot: a dataDir without data')
    .allowExcessArguments(false)
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(exportTree)
}

async function exportTree(folder: string | undefined, flags: ExportFlags): Promise<void> {
  checkFormat(folder, flags)
  const { output } = flags
  const forget = whenCutShort(() => sayNow(`interrupted: ${leftBy(folder, output)}`))
  try {
    await exportInto(folder, flags)
  } finally {
    forget()
  }
}

function leftBy(folder: string | undefined, output: string | undefined): string {
  if (folder !== undefined) return `no snapshot was written into ${folder}`
  return output === undefined
    ? 'what was written to stdout is not the whole tree, and no import takes it'
    : `${output} was not written`
}

async function exportInto(folder: string | undefined, flags: ExportFlags): Promise<void> {
  const { store: url, prefix, path, withoutEphemerals = false, output } = flags
  const storeMs = flags.storeTimeout
  // Before the tree is read, which may take a while.
  const file = output === undefined ? undefined : await outputFile('--output', output)
  if (process.stderr.isTTY) say(`reading the tree below ${prefix} in ${shownUrl(url)}`)
  const tree = await withStore(url, { create: false }, (store) =>
    readTree({ store, prefix, path, withoutEphemerals, storeMs, salvage: true }),
  ).catch((error: unknown) => {
    file?.abandon()
    throw error
  })
  if (folder !== undefined) {
    await toSnapshot(tree, folder)
    return warnOfDamage(tree)
  }
  const progress = await showProgress({
    done: 'exported',
    bar: output !== undefined || !process.stdout.isTTY,
  })
  try {
    if (file === undefined || output === undefined) await toStdout(tree, progress)
    else await toFile(tree, progress, file, output)
  } catch (error) {
    // The reader closed the pipe early, as head does: no error message, but the export is incomplete.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
    process.exitCode = 1
    return
  } finally {
    progress.end()
  }
  say(`exported ${shownSummary(tree.summary)}`)
  warnOfDamage(tree)
}

function checkFormat(folder: string | undefined, { format, path, output }: ExportFlags): void {
  if (format === 'lines') {
    if (folder !== undefined)
      throw new UsageError(`${folder} goes with --format zookeeper-snapshot`)
    return
  }
  if (folder === undefined) throw new UsageError('name a directory for the snapshot')
  if (output !== undefined)
    throw new UsageError('a snapshot goes into a directory: leave out --output')
  if (path !== '/') throw new UsageError('a snapshot is of the whole tree: leave out --path')
}

async function toSnapshot(tree: TreeExport, folder: string): Promise<void> {
  const snapshot = zookeeperSnapshot(tree)
  const file = await writeSnapshot(folder, snapshot)
  const { znodes, sessions, zxid } = tree.header
  say(`exported ${znodes} znodes, ${sessions} sessions, zxid 0x${zxid.toString(16)} to ${file}`)
  const { sessionsWithOtherPasswords: others, ttlZnodes } = snapshot
  if (others > 0) {
    say(
      `note: the clients of ${others} sessions cannot resume them, as ZooKeeper computes passwords and theirs are drawn: ` +
        'they get new sessions, and their ephemerals are deleted after the old timeout',
    )
  }
  if (ttlZnodes > 0) {
    say(
      `warning: ${ttlZnodes} znodes have a TTL: start ZooKeeper with -Dzookeeper.extendedTypesEnabled=true, or it deletes them`,
    )
  }
}

function warnOfDamage({ findings }: TreeExport): void {
  if (findings.length === 0) return
  for (const { text } of findings) say(`warning: ${text}`)
  say(
    `warning: the tree is damaged (${findings.length} findings): this export has what can be read`,
  )
  process.exitCode = EXIT_DAMAGED
}

async function toStdout(tree: TreeExport, progress: Progress): Promise<void> {
  await pipeline(Readable.from(chunksOf(tree, progress)), process.stdout, { end: false })
}

/** @throws {Error} with the flag */
async function toFile(
  tree: TreeExport,
  progress: Progress,
  { stream, done, abandon }: OutputFile,
  path: string,
): Promise<void> {
  try {
    await pipeline(Readable.from(chunksOf(tree, progress)), stream)
    done()
  } catch (error) {
    abandon()
    throw new Error(unusableFile('--output', path, error), { cause: error })
  }
}

async function* chunksOf(tree: TreeExport, progress: Progress): AsyncGenerator<string> {
  const { sessions, znodes } = tree.header
  const turns = new Turns()
  let chunk = ''
  let done = -1 - sessions
  for (const line of tree) {
    chunk += line
    done++
    if (chunk.length < CHUNK_LENGTH) continue
    yield chunk
    chunk = ''
    progress.at(Math.min(Math.max(done, 0), znodes), znodes)
    await turns.take()
  }
  yield chunk
}
