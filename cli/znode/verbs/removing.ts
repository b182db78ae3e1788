/** Verbs that delete znodes: rm and deleteall. Neighbour: writing. */
import { Option } from 'commander'
import { deleteRecursive } from '../../../lib/index.ts'
import { DELETES_IN_FLIGHT_MAX } from '../../../lib/internal.ts'
import { UsageError } from '../../flags.ts'
import { showProgress } from '../../progress.ts'
import { sayingHowFar } from '../how-far.ts'
import { shownCount } from '../layout.ts'
import type { Run, Verb } from '../verb.ts'
import { versionOf, versionOption } from './writing.ts'

const isRoot = (path: string): boolean => path === '/'

async function removeAll(run: Run, path: string, isMeant: boolean): Promise<void> {
  const { client, output } = run
  if (isRoot(path) && !isMeant) {
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
      `${DELETES_IN_FLIGHT_MAX} that were in flight; run it again for the rest`
    )
  }
  try {
    await sayingHowFar(run, { done: () => done, text }, () =>
      deleteRecursive(client, path, { onDeleted }),
    )
  } finally {
    progress.end()
  }
  if (output.isJson) await output.json({ path, children: numChildren })
}

const wholeTree = (): Option => new Option('--whole-tree', 'with the path /: everything is deleted')

const rm: Verb = {
  name: 'rm',
  aliases: ['delete'],
  summary: 'delete a znode',
  arguments: [['<path>', 'of the znode']],
  options: [
    versionOption(),
    new Option('-r, --recursive', 'everything below it, too; not in one step').conflicts('expect'),
    wholeTree(),
  ],
  examples: ['/app/job-0000000003', '--expect 4 /app/config', '-r /app'],
  isWrite: true,
  async run(run, [path = ''], flags) {
    const at = run.resolve(path)
    if (flags.recursive === true) return void (await removeAll(run, at, flags.wholeTree === true))
    await run.client.delete(at, versionOf(flags))
    if (run.output.isJson) await run.output.json({ path: at })
  },
}

const deleteall: Verb = {
  name: 'deleteall',
  aliases: ['rmr'],
  summary: 'delete a znode and everything below it',
  arguments: [['<path>', 'of the znode']],
  options: [wholeTree()],
  examples: ['/app'],
  isWrite: true,
  only: 'shell',
  async run(run, [path = ''], flags) {
    await removeAll(run, run.resolve(path), flags.wholeTree === true)
  },
}

export const removingVerbs: readonly Verb[] = [rm, deleteall]
