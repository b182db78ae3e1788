/** `anykeeper import`: writes an exported tree, from stdin or a file, into a store. */
import { createReadStream, fstatSync, statSync } from 'node:fs'
import { isatty } from 'node:tty'
import { Command, Option } from 'commander'
import {
  abandonImport,
  checkTree,
  type ImportProgress,
  type ImportResult,
  importTree,
  type MetadataStore,
  type TreeInput,
} from '../lib/index.ts'
import { bytesOfLines } from '../lib/internal.ts'
import { say, shownSummary, withStore } from './copy.ts'
import { sayNow, whenCutShort } from './cut-short.ts'
import { prefixFlag, storeTimeoutFlag, UsageError, withStoreFlags } from './flags.ts'
import { checkZookeeperFlags, type FromZookeeperFlags, readFolders } from './import-zookeeper.ts'
import { inputFile } from './named-files.ts'
import { showProgress } from './progress.ts'

interface ImportFlags extends FromZookeeperFlags {
  readonly store: string
  readonly prefix: string
  readonly input?: string
  readonly abandon?: true
  readonly storeTimeout: number
}

/** Where it goes. */
interface Into {
  readonly store: MetadataStore
  readonly prefix: string
  readonly storeMs: number
}

/** What is said of the store when a signal ends the command. */
interface Left {
  text: string
}

/** The exported tree. */
interface Source {
  /** It can be read twice: first it is checked, then imported. */
  readonly isFile: boolean
  open(): TreeInput
}

export function importCommand(): Command {
  const command = new Command('import')
    .summary('read an exported tree into an empty prefix of a store')
    .description(
      'Read an exported tree from stdin, or the files of a stopped ZooKeeper, into an empty prefix ' +
        'of a store. Resumable: run it again with the same input after an interruption.',
    )
  return withStoreFlags(command, 'write to this store')
    .addOption(prefixFlag())
    .option('--input <file>', 'read from this file instead of stdin')
    .addOption(new Option('--abandon', 'remove what an unfinished import wrote').conflicts('input'))
    .addOption(
      new Option(
        '--from-zookeeper <dir>',
        'read the snapshot and logs of a stopped ZooKeeper: its dataDir',
      ).conflicts(['input', 'abandon']),
    )
    .option('--log-dir <dir>', 'with --from-zookeeper: its dataLogDir, if it has one')
    .addOption(
      new Option('--snapshot-only', 'with --from-zookeeper: there are no logs').conflicts('logDir'),
    )
    .option(
      '--zookeeper-ttl',
      'with --from-zookeeper: it runs with extendedTypesEnabled and has a server of id 255',
    )
    .option('--ignore-digest', 'with --from-zookeeper: take a tree that is not as its digest says')
    .addOption(storeTimeoutFlag())
    .allowExcessArguments(false)
    .action(importOrAbandon)
}

async function importOrAbandon(flags: ImportFlags): Promise<void> {
  checkZookeeperFlags(flags)
  const source = flags.abandon === true ? undefined : await sourceOf(flags)
  // Keeps the process alive while nothing but a pause between retries is pending.
  const alive = setInterval(() => {}, 60_000)
  const left: Left = {
    text: source === undefined ? ': not all may be removed, run it again' : ': nothing was written',
  }
  const forget = whenCutShort(() => sayNow(`interrupted${left.text}`))
  try {
    await withStore(flags.store, { create: source !== undefined }, async (store) => {
      if (!store.features.persistent && !store.features.shared) {
        throw new UsageError(
          'this store ends with the process: import into file:, etcd:// or redis://',
        )
      }
      const into = { store, prefix: flags.prefix, storeMs: flags.storeTimeout }
      if (source === undefined) await abandon(into)
      else await importFrom(source, into, left)
    })
  } finally {
    forget()
    clearInterval(alive)
  }
}

async function importFrom(source: Source, into: Into, left: Left): Promise<void> {
  const { store, prefix } = into
  if (source.isFile) await checkTree(source.open(), { store, prefix })
  left.text = partOf(0)
  const progress = await showProgress({ done: 'imported' })
  const onProgress = ({ znodes, znodesAll }: ImportProgress) => {
    left.text = partOf(znodes, znodesAll)
    progress.at(znodes, znodesAll)
  }
  let result: ImportResult
  try {
    result = await importTree({ ...into, input: source.open(), onProgress })
  } finally {
    progress.end()
  }
  const { resumedAfterLine, wasThere } = result
  const how = resumedAfterLine > 0 ? ` (resumed after line ${resumedAfterLine})` : ''
  say(`${wasThere ? 'was there already:' : 'imported'} ${shownSummary(result)}${how}`)
}

/** Also right for one that finds its tree complete. */
function partOf(znodes: number, znodesAll?: number): string {
  const all = znodesAll === undefined ? '' : ` of ${znodesAll}`
  return (
    ` after ${znodes}${all} znodes: run it again with the same input to continue, or ` +
    'anykeeper import --abandon to remove what was written'
  )
}

async function abandon(into: Into): Promise<void> {
  const { prefix } = into
  const removed = await abandonImport(into)
  say(
    removed === undefined
      ? `there is no unfinished import into ${prefix}: nothing was removed`
      : `abandoned the import into ${prefix}: ${removed} records removed`,
  )
}

async function sourceOf(flags: ImportFlags): Promise<Source> {
  const { fromZookeeper, input } = flags
  if (fromZookeeper === undefined) return fileOf(input)
  const restore = await readFolders(fromZookeeper, flags)
  return { isFile: true, open: () => bytesOfLines(restore.tree) }
}

function fileOf(path: string | undefined): Source {
  if (path !== undefined) {
    const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
    const first = inputFile('--input', path)
    // A file is read twice, from its beginning each time.
    return { isFile, open: () => (isFile ? createReadStream(path) : first) }
  }
  if (isatty(0)) {
    throw new UsageError('no input: use --input FILE, or anykeeper import --store … < tree.jsonl')
  }
  if (!fstatSync(0).isFile()) return { isFile: false, open: () => process.stdin }
  return { isFile: true, open: () => createReadStream('', { fd: 0, start: 0, autoClose: false }) }
}
