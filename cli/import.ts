/** `anykeeper import`: a tree that was exported into a store, from stdin or a file. */
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
import { prefixFlag, storeFlag, UsageError } from './flags.ts'
import { showProgress } from './progress.ts'

interface ImportFlags {
  readonly store: string
  readonly prefix: string
  readonly input?: string
  readonly abandon?: true
}

/** Where the tree comes from. */
interface Source {
  /** It can be read twice: the first time to see whether it is whole. */
  readonly isFile: boolean
  open(): TreeInput
}

export function importCommand(): Command {
  return new Command('import')
    .description('read an exported tree from stdin into an empty place; goes on where it ended')
    .addOption(storeFlag().makeOptionMandatory())
    .addOption(prefixFlag())
    .option('--input <file>', 'read from there instead of from stdin')
    .addOption(
      new Option('--abandon', 'remove what an unfinished import has written').conflicts('input'),
    )
    .allowExcessArguments(false)
    .action(importOrAbandon)
}

async function importOrAbandon(flags: ImportFlags): Promise<void> {
  const source = flags.abandon === true ? undefined : sourceOf(flags.input)
  // Pauses between tries must not end the process for want of anything else to wait for.
  const alive = setInterval(() => {}, 60_000)
  try {
    await withStore(flags.store, { create: source !== undefined }, async (store) => {
      if (!store.features.persistent && !store.features.shared) {
        throw new UsageError(
          'this store ends with the process: nothing would be left of the import',
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
  const how = resumedAfterLine > 0 ? ` (went on after line ${resumedAfterLine})` : ''
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
    throw new UsageError('there is nothing to import: anykeeper import --store … < tree.jsonl')
  }
  if (!fstatSync(0).isFile()) return { isFile: false, open: () => process.stdin }
  return { isFile: true, open: () => createReadStream('', { fd: 0, start: 0, autoClose: false }) }
}
