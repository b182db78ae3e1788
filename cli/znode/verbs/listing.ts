/** Verbs that list znodes: ls, tree, count, ephemerals. Neighbours: reading, ../walk-tree. */
import { Option } from 'commander'
import type { Stat } from '../../../lib/index.ts'
import { isSession } from '../../ensemble/owners.ts'
import { whole } from '../../settings/parse.ts'
import { EXIT } from '../exit-codes.ts'
import { sayingHowFar } from '../how-far.ts'
import { columnsOf, counted, shownBytes, shownCount } from '../layout.ts'
import { hex, type Output } from '../output.ts'
import { printable } from '../printable.ts'
import { statJson, statLines } from '../stat-text.ts'
import { pathOf, type Run, type Verb, watchOf } from '../verb.ts'
import { type Visited, type WalkOptions, walkTree } from '../walk-tree.ts'
import { statOption, watchOption } from './reading.ts'

/** Children of one znode that tree shows. */
const CHILDREN_MAX = 100

/** Counts what may not be listed, and makes the exit code of it. */
class Unread {
  readonly #output: Output
  #count = 0

  constructor(output: Output) {
    this.#output = output
  }

  note({ path, children }: Visited): void {
    if (children !== undefined) return
    this.#count++
    this.#output.say(`not permitted by the ACL: ${path}`)
  }

  get exitCode(): number | undefined {
    return this.#count === 0 ? undefined : EXIT.noRights
  }
}

const ls: Verb = {
  name: 'ls',
  aliases: ['ls2'],
  summary: 'list the children of a znode',
  arguments: [['[path]', 'of the znode']],
  options: [
    new Option('-R, --recursive', 'everything below it, as paths'),
    statOption(),
    watchOption(),
  ],
  examples: ['/', '-R /app', '--json /app'],
  async run(run, args, flags) {
    const { client, output } = run
    const path = pathOf(run, args)
    if (flags.recursive === true) return listAll(run, path)
    const { children, stat } = await client.getChildren(path, watchOf(run, flags))
    const names = children.toSorted()
    if (output.isJson) {
      await output.json({ path, children: names, stat: statJson(stat) })
      return
    }
    const shown = names.map(printable)
    await output.lines(output.isTerminal ? columnsOf(shown, output.width) : shown)
    if (flags.stat === true) await output.lines(statLines(stat))
  },
}

async function listAll(run: Run, root: string): Promise<number | undefined> {
  const { output } = run
  const unread = new Unread(output)
  await eachBelow(run, root, {}, async (visited) => {
    const { path, stat } = visited
    if (output.isJson) await output.json({ path, stat: stat && statJson(stat) })
    else await output.line(printable(path))
    unread.note(visited)
  })
  return unread.exitCode
}

/** Says how many were shown, if that are not all. */
async function eachBelow(
  run: Run,
  root: string,
  options: WalkOptions,
  show: (visited: Visited) => Promise<void>,
): Promise<void> {
  let shown = 0
  const text = (): string => `not all is shown: ${counted(shown, 'znode')} of ${root} were read`
  await sayingHowFar(run, { done: () => shown, text, isRead: true }, async () => {
    for await (const visited of walkTree(run.client, root, options)) {
      run.signal.throwIfAborted()
      await show(visited)
      shown++
    }
  })
}

const tree: Verb = {
  name: 'tree',
  summary: 'draw a znode and everything below it',
  arguments: [['[path]', 'of the znode']],
  options: [
    new Option('-d, --depth <levels>', 'only so many levels').argParser(whole(1)),
    new Option('-n, --children <count>', 'of each znode only so many children')
      .argParser(whole(1))
      .default(CHILDREN_MAX),
  ],
  examples: ['/app', '--depth 2 /', '--children 1000 /brokers'],
  async run(run, args, { depth, children }) {
    const { output } = run
    const root = pathOf(run, args)
    const unread = new Unread(output)
    const drawing = new Drawing(output, children as number)
    const options = {
      childrenMax: children as number,
      ...(depth !== undefined && { depthMax: depth as number }),
    }
    await eachBelow(run, root, options, async (visited) => {
      if (output.isJson) {
        const { path, stat } = visited
        await output.json({ path, depth: visited.depth, stat: stat && statJson(stat) })
      } else await drawing.draw(visited, root)
      unread.note(visited)
    })
    if (!output.isJson) await drawing.end()
    return unread.exitCode
  },
}

function notesOf({ numChildren, dataLength, ephemeralOwner }: Stat): string[] {
  return [
    ...(numChildren > 0 ? [counted(numChildren, 'child', 'children')] : []),
    ...(dataLength > 0 ? [shownBytes(dataLength)] : []),
    ...(isSession(ephemeralOwner) ? [`owner ${hex(ephemeralOwner)}`] : []),
  ]
}

/** Lines of a drawn tree; a parent's line on what it has more comes behind its last child that is shown. */
class Drawing {
  readonly #output: Output
  readonly #childrenMax: number
  /** By depth: is the znode there the last of its parent, and how many of its children are not shown? */
  readonly #trail: { isLast: boolean; hidden: number }[] = []

  constructor(output: Output, childrenMax: number) {
    this.#output = output
    this.#childrenMax = childrenMax
  }

  async draw({ path, depth, stat, children, isLast }: Visited, root: string): Promise<void> {
    await this.#closeTo(depth)
    const name = depth === 0 ? root : path.slice(path.lastIndexOf('/') + 1)
    const notes = stat === undefined ? ['hidden by its ACL'] : notesOf(stat)
    const note = notes.length === 0 ? '' : `  (${notes.join(', ')})`
    const branch = depth === 0 ? '' : `${this.#stem()}${isLast ? '└── ' : '├── '}`
    await this.#output.line(`${branch}${printable(name)}${this.#output.colour(note, 'dim')}`)
    const hidden = Math.max(0, (children?.length ?? 0) - this.#childrenMax)
    this.#trail.push({ isLast: depth === 0 || isLast, hidden })
  }

  async end(): Promise<void> {
    await this.#closeTo(0)
  }

  /** What stands left of the children of the znode that is drawn last. */
  #stem(): string {
    return this.#trail
      .slice(1)
      .map(({ isLast }) => (isLast ? '    ' : '│   '))
      .join('')
  }

  async #closeTo(depth: number): Promise<void> {
    while (this.#trail.length > depth) {
      const { hidden } = this.#trail.at(-1) as { hidden: number }
      if (hidden > 0) await this.#output.line(`${this.#stem()}└── … ${shownCount(hidden)} more`)
      this.#trail.pop()
    }
  }
}

const count: Verb = {
  name: 'count',
  aliases: ['getAllChildrenNumber', 'get_all_children_number'],
  summary: 'count the znodes below a path',
  arguments: [['[path]', 'of the znode']],
  examples: ['/'],
  async run(run, args) {
    const { client, output } = run
    const path = pathOf(run, args)
    const number = await client.getAllChildrenNumber(path)
    if (output.isJson) await output.json({ path, count: number })
    else await output.line(String(number))
  },
}

const ephemerals: Verb = {
  name: 'getEphemerals',
  summary: 'list the ephemeral znodes of this session',
  arguments: [['[path]', 'only those at or below it']],
  examples: ['', '/members'],
  only: 'shell',
  async run(run, [path]) {
    const { client, output } = run
    const paths = (
      await client.getEphemerals(path === undefined ? '/' : run.resolve(path))
    ).toSorted()
    if (output.isJson) await output.json({ ephemerals: paths })
    else await output.lines(paths.map(printable))
  },
}

export const listingVerbs: readonly Verb[] = [ls, tree, count, ephemerals]
