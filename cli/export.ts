/** `anykeeper export`: writes a tree of a store as JSON lines to stdout or a file. */
import { createWriteStream, renameSync, rmSync, statSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Command } from 'commander'
import { readTree, type TreeExport } from '../lib/index.ts'
import { parseZnodePath, say, shownSummary, withStore } from './copy.ts'
import { lastingStoreFlag, prefixFlag, shownUrl } from './flags.ts'
import { type Progress, showProgress } from './progress.ts'

interface ExportFlags {
  readonly store: string
  readonly prefix: string
  readonly path: string
  readonly withoutEphemerals?: true
  readonly output?: string
}

/** Lines are collected into chunks of this size. Unit: characters. */
const CHUNK_LENGTH = 64 * 1024

export function exportCommand(): Command {
  return new Command('export')
    .summary('write a tree as JSON lines to stdout or a file')
    .description(
      'Write a tree as JSON lines to stdout. On etcd and Redis the proxies may continue to serve ' +
        'it; a server on files must be stopped first.',
    )
    .addOption(lastingStoreFlag('read from this store'))
    .addOption(prefixFlag())
    .option(
      '--path <znode>',
      'export only this znode, its ancestors and its descendants',
      parseZnodePath,
      '/',
    )
    .option('--without-ephemerals', 'leave out ephemeral znodes and all sessions')
    .option('--output <file>', 'write to this file instead of stdout, complete or not at all')
    .allowExcessArguments(false)
    .action(exportTree)
}

async function exportTree(flags: ExportFlags): Promise<void> {
  const { store: url, prefix, path, withoutEphemerals = false, output } = flags
  if (process.stderr.isTTY) say(`reading the tree below ${prefix} in ${shownUrl(url)}`)
  const tree = await withStore(url, { create: false }, (store) =>
    readTree({ store, prefix, path, withoutEphemerals }),
  )
  const progress = await showProgress({
    done: 'exported',
    bar: output !== undefined || !process.stdout.isTTY,
  })
  try {
    if (output === undefined) await toStdout(tree, progress)
    else await toFile(tree, progress, output)
  } catch (error) {
    // The reader closed the pipe early, as head does: no error message, but the export is incomplete.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
    process.exitCode = 1
    return
  } finally {
    progress.end()
  }
  say(`exported ${shownSummary(tree.summary)}`)
}

async function toStdout(tree: TreeExport, progress: Progress): Promise<void> {
  await pipeline(Readable.from(chunksOf(tree, progress)), process.stdout, { end: false })
}

/** Readable by its owner alone: it holds data that ACLs protect. Only a complete file has the name. */
async function toFile(tree: TreeExport, progress: Progress, path: string): Promise<void> {
  const isOrdinary = statSync(path, { throwIfNoEntry: false })?.isFile() ?? true
  const written = isOrdinary ? `${path}.part` : path
  const file = createWriteStream(written, { mode: 0o600, flush: isOrdinary })
  try {
    await pipeline(Readable.from(chunksOf(tree, progress)), file)
    if (isOrdinary) renameSync(written, path)
  } catch (error) {
    if (isOrdinary) rmSync(written, { force: true })
    throw error
  }
}

function* chunksOf(tree: TreeExport, progress: Progress): Generator<string> {
  const { sessions, znodes } = tree.header
  let chunk = ''
  let done = -1 - sessions
  for (const line of tree) {
    chunk += line
    done++
    if (chunk.length < CHUNK_LENGTH) continue
    yield chunk
    chunk = ''
    progress.at(Math.min(Math.max(done, 0), znodes), znodes)
  }
  yield chunk
}
