/** Verbs that delete znodes: rm and deleteall. Neighbour: writing. */
import { Option } from 'commander'
import { deleteRecursive } from '../../../lib/index.ts'
import { DELETES_IN_FLIGHT_MAX } from '../../../lib/internal.ts'
import { UsageError } from '../../flags.ts'
import { showProgress } from '../../progress.ts'
import { whole } from '../../settings/parse.ts'
import { sayingHowFar } from '../how-far.ts'
import { shownCount } from '../layout.ts'
import type { Flags, Run, Verb } from '../verb.ts'
import { versionOf, versionOption } from './writing.ts'

/** Of --batch. */
const BATCH_MAX = 10_000

const isRoot = (path: string): boolean => path === '/'

async function removeAll(
  run: Run,
  path: string,
  { wholeTree: isMeant, batch }: Flags,
): Promise<void> {
  const { client, output } = run
  const inFlightMax = (batch as number | undefined) ?? DELETES_IN_FLIGHT_MAX
  if (isRoot(path) && isMeant !== true) {
    throw new UsageError('this deletes the whole tree: add --whole-tree if that is meant')
  }
  // A path that is not there is an error here, as it is in zkCli.
  const { numChildren } = (await client.getChildren(path)).stat
  // Servers before 3.6 cannot count: then there is no end to show.
  const counted = await client.getAllChildrenNumber(path).catch(() => undefined)
  const progress = await showProgress({ done: 'deleted' })
  let done = 0
  const onDeleted = (count: number): void => {
    done += count
    progress.at(done, Math.max(done, counted ?? 0))
  }
  const text = (): string => {
    progress.end()
    const all = counted === undefined ? '' : ` of ${shownCount(counted)}`
    return (
      `not all is deleted: ${shownCount(done)}${all} znodes below ${path} are, and at most ` +
      `${inFlightMax} that were in flight; run it again for the rest`
    )
  }
  try {
    await sayingHowFar(run, { done: () => done, text }, () =>
      deleteRecursive(client, path, { onDeleted, inFlightMax }),
    )
  } finally {
    progress.end()
  }
  if (output.isJson) await output.json({ path, children: numChildren })
}

/** zkCli's is of multis; here each is a request of its own. */
const batchOption = (): Option =>
  new Option('-b, --batch <size>', 'with everything below: so many deletes in flight')
    .argParser(whole(1, BATCH_MAX))
    .default(undefined, String(DELETES_IN_FLIGHT_MAX))

const wholeTree = (): Option => new Option('--whole-tree', 'with the path /: everything is deleted')

const rm: Verb = {
  name: 'rm',
  aliases: ['delete'],
  summary: 'delete a znode',
  arguments: [['<path>', 'of the znode']],
  options: [
    versionOption(),
    new Option('-r, --recursive', 'everything below it, too; not in one step').conflicts('expect'),
    batchOption(),
    wholeTree(),
  ],
  examples: ['/app/job-0000000003', '--expect 4 /app/config', '-r /app'],
  isWrite: true,
  async run(run, [path = ''], flags) {
    const at = run.resolve(path)
    if (flags.recursive === true) return void (await removeAll(run, at, flags))
    await run.client.delete(at, versionOf(flags))
    if (run.output.isJson) await run.output.json({ path: at })
  },
}

const deleteall: Verb = {
  name: 'deleteall',
  aliases: ['rmr'],
  summary: 'delete a znode and everything below it',
  arguments: [['<path>', 'of the znode']],
  options: [batchOption(), wholeTree()],
  examples: ['/app', '-b 10 /app'],
  isWrite: true,
  only: 'shell',
  async run(run, [path = ''], flags) {
    await removeAll(run, run.resolve(path), flags)
  },
}

export const removingVerbs: readonly Verb[] = [rm, deleteall]
