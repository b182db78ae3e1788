/** Words of ClickHouse's keeper-client: cp, cpr, mv, touch, exists, get_direct_children_number. Neighbours: writing, removing. */
import { ZK_ERRORS, ZnodeError } from '../../../lib/index.ts'
import { UsageError } from '../../flags.ts'
import { sayingHowFar } from '../how-far.ts'
import { counted } from '../layout.ts'
import { printable } from '../printable.ts'
import { pathOf, type Run, type Verb } from '../verb.ts'
import { walkTree } from '../walk-tree.ts'

const PLACES: Verb['arguments'] = [
  ['<path>', 'of the znode'],
  ['<target>', 'path of the new one, which is not there yet'],
]

/** @throws {UsageError} the one is in the other */
function placesOf(run: Run, [path = '', target = '']: readonly string[]) {
  const [from, to] = [run.resolve(path), run.resolve(target)]
  if (to === from || to.startsWith(from === '/' ? '/' : `${from}/`)) {
    throw new UsageError(`${to} is ${from}, or below it`)
  }
  return { from, to }
}

/** Data and ACL are those of the znode; it is persistent, with a Stat of its own. */
async function copyOne({ client, output }: Run, from: string, to: string): Promise<void> {
  const [{ data }, { acl }] = await Promise.all([client.getData(from), client.getAcl(from)])
  const made = await client.create(to, data, { acl })
  if (output.isJson) await output.json({ path: made.path })
  else await output.line(printable(made.path))
}

const cp: Verb = {
  name: 'cp',
  summary: 'copy a znode: its data and its ACL',
  arguments: PLACES,
  examples: ['/app/config /app/config.old'],
  isWrite: true,
  only: 'shell',
  async run(run, args) {
    const { from, to } = placesOf(run, args)
    await copyOne(run, from, to)
  },
}

const cpr: Verb = {
  name: 'cpr',
  summary: 'copy a znode and everything below it, not in one step',
  arguments: PLACES,
  examples: ['/app /app.old'],
  isWrite: true,
  only: 'shell',
  async run(run, args) {
    const { from, to } = placesOf(run, args)
    const { signal } = run
    let done = 0
    const text = (): string =>
      `not all is copied: ${counted(done, 'znode')} of ${from} are, and perhaps one more`
    await sayingHowFar(run, { done: () => done, text }, async () => {
      for await (const { path, stat } of walkTree(run.client, from)) {
        signal.throwIfAborted()
        if (stat === undefined) throw new ZnodeError(ZK_ERRORS.NO_AUTH.errno, path)
        await copyOne(run, path, `${to}${path.slice(from === '/' ? 0 : from.length)}`)
        done++
      }
    })
  },
}

const mv: Verb = {
  name: 'mv',
  summary: 'move a znode without children, in one step',
  arguments: PLACES,
  examples: ['/app/old /app/new'],
  isWrite: true,
  only: 'shell',
  async run(run, args) {
    const { client, output } = run
    const { from, to } = placesOf(run, args)
    const [{ data, stat }, { acl }] = await Promise.all([client.getData(from), client.getAcl(from)])
    // Not what somebody has changed since it was read; one with children is refused.
    await client.multi([
      client.createOp(to, data, { acl }),
      { type: 'delete', path: from, version: stat.version },
    ])
    if (output.isJson) await output.json({ path: to })
    else await output.line(printable(to))
  },
}

const touch: Verb = {
  name: 'touch',
  summary: 'create a znode without data, unless it is there',
  arguments: [['<path>', 'of the znode']],
  examples: ['/app'],
  isWrite: true,
  only: 'shell',
  async run(run, args) {
    try {
      await run.client.create(pathOf(run, args), null)
    } catch (error) {
      if (!(error instanceof ZnodeError) || error.code !== 'ZK_NODE_EXISTS') throw error
    }
  },
}

const exists: Verb = {
  name: 'exists',
  summary: 'print 1 if a znode is there, otherwise 0',
  arguments: [['<path>', 'of the znode']],
  examples: ['/app'],
  only: 'shell',
  async run(run, args) {
    const path = pathOf(run, args)
    const isThere = (await run.client.exists(path)) !== undefined
    if (run.output.isJson) await run.output.json({ path, exists: isThere })
    else await run.output.line(isThere ? '1' : '0')
  },
}

const directChildren: Verb = {
  name: 'get_direct_children_number',
  summary: 'count the children of a znode',
  arguments: [['[path]', 'of the znode']],
  examples: ['/app'],
  only: 'shell',
  async run(run, args) {
    const path = pathOf(run, args)
    const { stat } = await run.client.getChildren(path)
    if (run.output.isJson) await run.output.json({ path, count: stat.numChildren })
    else await run.output.line(String(stat.numChildren))
  },
}

export const copyingVerbs: readonly Verb[] = [cp, cpr, mv, touch, exists, directChildren]
