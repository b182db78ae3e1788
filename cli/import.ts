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
import { say, shownSummary, withStore } from './copy.ts'
import { lastingStoreFlag, prefixFlag, UsageError } from './flags.ts'
import { showProgress } from './progress.ts'

interface ImportFlags {
  readonly store: string
  readonly prefix: string
  readonly input?: string
  readonly abandon?: true
}

/** The exported tree. */
interface Source {
  /** It can be read twice: first it is checked, then imported. */
  readonly isFile: boolean
  open(): TreeInput
}

export function importCommand(): Command {
  return new Command('import')
    .summary('read an exported tree into an empty prefix of a store')
    .description(
      'Read an exported tree from stdin into an empty prefix of a store. Resumable: run it again ' +
        'with the same file after an interruption.',
    )
    .addOption(lastingStoreFlag('write to this store'))
    .addOption(prefixFlag())
    .option('--input <file>', 'read from this file instead of stdin')
    .addOption(new Option('--abandon', 'remove what an unfinished import wrote').conflicts('input'))
    .allowExcessArguments(false)
    .action(importOrAbandon)
}

async function importOrAbandon(flags: ImportFlags): Promise<void> {
  const source = flags.abandon === true ? undefined : sourceOf(flags.input)
  // Keeps the process alive while nothing but a pause between retries is pending.
  const alive = setInterval(() => {}, 60_000)
  try {
    await withStore(flags.store, { create: source !== undefined }, async (store) => {
      if (!store.features.persistent && !store.features.shared) {
        throw new UsageError(
          'this store ends with the process: import into file:, etcd:// or redis://',
        )
      }
      if (source === undefined) await abandon(store, flags.prefix)
      else await importFrom(source, store, flags.prefix)
    })
  } finally {
    clearInterval(alive)
  }
}

async function importFrom(source: Source, store: MetadataStore, prefix: string): Promise<void> {
  if (source.isFile) await checkTree(source.open(), { store, prefix })
  const progress = await showProgress({ done: 'imported' })
  const onProgress = ({ znodes, znodesAll }: ImportProgress) => progress.at(znodes, znodesAll)
  let result: ImportResult
  try {
    result = await importTree({ store, prefix, input: source.open(), onProgress })
  } finally {
    progress.end()
  }
  const { resumedAfterLine, wasThere } = result
  const how = resumedAfterLine > 0 ? ` (resumed after line ${resumedAfterLine})` : ''
  say(`${wasThere ? 'was there already:' : 'imported'} ${shownSummary(result)}${how}`)
}

async function abandon(store: MetadataStore, prefix: string): Promise<void> {
  const removed = await abandonImport({ store, prefix })
  say(
    removed === undefined
      ? `there is no unfinished import into ${prefix}: nothing was removed`
      : `abandoned the import into ${prefix}: ${removed} records removed`,
  )
}

function sourceOf(path: string | undefined): Source {
  if (path !== undefined) {
    return { isFile: statSync(path).isFile(), open: () => createReadStream(path) }
  }
  if (isatty(0)) {
    throw new UsageError('no input: use --input FILE, or anykeeper import --store … < tree.jsonl')
  }
  if (!fstatSync(0).isFile()) return { isFile: false, open: () => process.stdin }
  return { isFile: true, open: () => createReadStream('', { fd: 0, start: 0, autoClose: false }) }
}
