/**
 * `anykeeper doctor`: the sizes of a tree and what is near to a limit; find_super_nodes and find_big_family of ClickHouse's
 * keeper-client as words of the shell. Neighbours: survey, warnings, watched.
 */
import { Option } from 'commander'
import { showProgress } from '../progress.ts'
import { whole } from '../settings/parse.ts'
import { EXIT } from '../znode/exit-codes.ts'
import { type HowFar, sayingHowFar } from '../znode/how-far.ts'
import { counted, shownBytes, shownCount, tableOf } from '../znode/layout.ts'
import { hex } from '../znode/output.ts'
import { printable } from '../znode/printable.ts'
import { pathOf, type Run, type Verb } from '../znode/verb.ts'
import { walkTree } from '../znode/walk-tree.ts'
import { type Counted, type Survey, survey } from './survey.ts'
import { warningsOf } from './warnings.ts'
import { type Watched, watched } from './watched.ts'

const TOP = 10

const topOption = (): Option =>
  new Option('-t, --top <count>', 'of each list so many').argParser(whole(1, 10_000)).default(TOP)

const farOf = (root: string, done: () => number): HowFar => ({
  done,
  text: () => `not all is examined: ${shownCount(done())} znodes of ${printable(root)} were read`,
  isRead: true,
})

async function surveyed(run: Run, root: string, top: number): Promise<Survey> {
  const { client, signal } = run
  // Servers before 3.6 cannot count; then there is no end to show.
  const total = await client.getAllChildrenNumber(root).catch(() => undefined)
  const progress = await showProgress({ done: 'examined' })
  let examined = 0
  const onVisit = (done: number): void => {
    examined = done
    progress.at(done, Math.max(done, (total ?? 0) + 1))
  }
  try {
    return await sayingHowFar(
      run,
      farOf(root, () => examined),
      () => survey(client, { root, top, signal, onVisit }),
    )
  } finally {
    progress.end()
  }
}

const rowsOf = (counted: readonly Counted[], shown: (count: number) => string): string[][] =>
  counted.map(({ path, count }) => [shown(count), printable(path)])

/** What is in the lists, in one form for both outputs. */
function listsOf(found: Survey, { paths, silent }: Watched) {
  const { largest, widest, families, owners } = found
  const wide = widest.map(({ path, count, listBytes }) => [
    shownCount(count),
    shownBytes(listBytes),
    printable(path),
  ])
  const unknown =
    silent.length === 0
      ? ''
      : `not known of ${silent.join(', ')}: the word wchp is not allowed there`
  return [
    {
      title: 'Largest znodes',
      head: ['BYTES', 'PATH'],
      rows: rowsOf(largest, shownBytes),
      none: 'no data',
    },
    {
      title: 'Widest parents',
      head: ['CHILDREN', 'NAMES', 'PATH'],
      rows: wide,
      none: 'no children',
    },
    {
      title: 'Biggest families',
      head: ['BELOW', 'PATH'],
      rows: rowsOf(families, shownCount),
      none: 'none',
    },
    {
      title: 'Sessions with the most ephemerals',
      head: ['EPHEMERALS', 'SESSION'],
      rows: owners.map(({ id, count }) => [shownCount(count), hex(id)]),
      none: 'no ephemerals',
    },
    {
      title: 'Most watched',
      head: ['SESSIONS', 'PATH'],
      rows: rowsOf(paths, shownCount),
      none: unknown || 'no watches',
    },
  ]
}

async function report(
  { output }: Run,
  found: Survey,
  watches: Watched,
  warnings: string[],
): Promise<void> {
  const { znodes, dataBytes, ephemerals, deepest } = found
  await output.lines([
    `${counted(znodes, 'znode')}, ${shownBytes(dataBytes)} of data, ${counted(ephemerals, 'ephemeral')}`,
    `deepest: ${counted(deepest.count, 'level')}, ${printable(deepest.path)}`,
  ])
  for (const { title, head, rows, none } of listsOf(found, watches)) {
    await output.line('')
    await output.line(output.colour(title, 'bold'))
    const columns = head.map((one, at) => ({
      title: one,
      side: at < head.length - 1 ? ('right' as const) : ('left' as const),
    }))
    await output.lines(rows.length === 0 ? [none] : tableOf(columns, rows))
  }
  await output.line('')
  for (const warning of warnings)
    await output.line(output.colour(`warning: ${printable(warning)}`, 'yellow'))
  if (warnings.length === 0) await output.line('nothing is near to a limit')
}

export const doctorTree: Verb = {
  name: 'doctor',
  summary: 'the largest znodes and widest parents of a tree, and what is near to a limit',
  description:
    'Read every znode below a path: the largest znodes, the widest parents, the biggest families, the sessions with the most ' +
    'ephemerals, the most watched paths, and a warning for what is near to a limit.',
  arguments: [['[path]', 'where to begin']],
  options: [topOption(), new Option('--strict', 'end with 1 if there is a warning')],
  examples: ['', '/brokers', '--top 3 --strict --json'],
  async run(run, args, { top, strict }) {
    const { target, output, signal } = run
    const count = top as number
    const root = pathOf(run, args)
    const found = await surveyed(run, root, count)
    const watches = await watched(target, count, signal)
    const warnings = warningsOf(found)
    if (output.isJson) {
      const owners = found.owners.map(({ id, count: owned }) => ({ session: id, count: owned }))
      await output.json({ path: root, ...found, owners, watched: watches.paths, warnings })
    } else await report(run, found, watches, warnings)
    return strict === true && warnings.length > 0 ? EXIT.error : undefined
  },
}

const findSuperNodes: Verb = {
  name: 'find_super_nodes',
  summary: 'list the znodes with more children than a threshold',
  arguments: [
    ['<threshold>', 'children'],
    ['[path]', 'where to begin'],
  ],
  examples: ['1000 /'],
  only: 'shell',
  async run(run, [threshold = '', path = '']) {
    const { client, output, signal } = run
    const root = run.resolve(path)
    const most = whole(0)(threshold)
    let examined = 0
    await sayingHowFar(
      run,
      farOf(root, () => examined),
      async () => {
        for await (const visited of walkTree(client, root)) {
          signal.throwIfAborted()
          examined++
          const { path: at, stat } = visited
          if (stat !== undefined && stat.numChildren > most)
            await output.line(`${printable(at)} ${stat.numChildren}`)
        }
      },
    )
  },
}

const findBigFamily: Verb = {
  name: 'find_big_family',
  summary: 'list the znodes with the most znodes below them',
  arguments: [
    ['[path]', 'where to begin'],
    ['[count]', 'so many'],
  ],
  examples: ['/ 10'],
  only: 'shell',
  async run(run, [path = '', count = String(TOP)]) {
    const { families } = await surveyed(run, run.resolve(path), whole(1)(count))
    for (const one of families) await run.output.line(`${printable(one.path)} ${one.count}`)
  },
}

export const doctorVerbs: readonly Verb[] = [doctorTree, findSuperNodes, findBigFamily]
