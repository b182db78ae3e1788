/**
 * Words about quotas, as zkCli has them. A quota of /app is two znodes below /zookeeper/quota/app, one with its limits, and one
 * with its usage, which the server writes. Neighbours: rights, writing.
 */
import { Option } from 'commander'
import { mkdirp, ZnodeError, type ZooKeeper } from '../../../lib/index.ts'
import { parseQuota, type QuotaLimits } from '../../../lib/internal.ts'
import { UsageError } from '../../flags.ts'
import { whole } from '../../settings/parse.ts'
import { CommandError, EXIT } from '../exit-codes.ts'
import { printable } from '../printable.ts'
import { type Flags, pathOf, type Verb } from '../verb.ts'
import { walkTree } from '../walk-tree.ts'

const ROOT = '/zookeeper/quota'
const LIMITS = 'zookeeper_limits'
const STATS = 'zookeeper_stats'
const NONE: QuotaLimits = { count: -1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 }

const options = (value: string): Option[] => [
  new Option(`-n, --count${value}`, 'znodes, the path included: beyond it the server warns'),
  new Option(`-b, --bytes${value}`, 'of data: beyond it the server warns'),
  new Option(`-N, --count-hard${value}`, 'znodes: beyond it a server that enforces quotas refuses'),
  new Option(`-B, --bytes-hard${value}`, 'of data: beyond it such a server refuses'),
]

/** By flag, as ZooKeeper calls the limit. */
const NAMES = {
  count: 'count',
  bytes: 'bytes',
  countHard: 'countHardLimit',
  bytesHard: 'byteHardLimit',
} as const

/** As every ZooKeeper reads it; those before 3.7 ignore the hard limits. Source: StatsTrack. */
function quotaText({ count, bytes, countHardLimit, byteHardLimit }: QuotaLimits): string {
  const soft = `count=${count},bytes=${bytes}`
  const isHard = countHardLimit >= 0 || byteHardLimit >= 0
  return isHard ? `${soft}=;byteHardLimit=${byteHardLimit};countHardLimit=${countHardLimit}` : soft
}

const isAbsent = (error: unknown): boolean =>
  error instanceof ZnodeError && error.code === 'ZK_NO_NODE'

/** undefined: there is no such znode. */
async function textOf(client: ZooKeeper, path: string): Promise<string | undefined> {
  try {
    return Buffer.from((await client.getData(path)).data ?? []).toString('latin1')
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

const placeOf = (path: string): string => (path === '/' ? ROOT : `${ROOT}${path}`)

function noQuota(path: string): CommandError {
  return new CommandError(EXIT.noZnode, `there is no quota of ${path}`)
}

/** Nested quotas are refused by zkCli: the nearest alone would count. @throws {UsageError} with the other one's path */
async function checkAlone(client: ZooKeeper, path: string): Promise<void> {
  for (let above = path; above !== '/' && above !== ''; ) {
    above = above.slice(0, above.lastIndexOf('/'))
    if ((await client.exists(`${placeOf(above || '/')}/${LIMITS}`)) !== undefined) {
      throw new UsageError(`${above || '/'} above ${path} has a quota already`)
    }
  }
  const place = placeOf(path)
  if ((await client.exists(place)) === undefined) return
  for await (const { path: at } of walkTree(client, place)) {
    const name = at.slice(at.lastIndexOf('/') + 1)
    const owner = at.slice(ROOT.length, -name.length - 1)
    if (name === LIMITS && owner !== path && owner !== '') {
      throw new UsageError(`${owner} below ${path} has a quota already`)
    }
  }
}

const setquota: Verb = {
  name: 'setquota',
  summary: 'limit the znodes, or the bytes, at and below a path',
  arguments: [['<path>', 'of the znode']],
  options: options(' <n>').map((option) => option.argParser(whole(0))),
  examples: ['-n 1000 /app', '-N 1000 -B 1000000 /app'],
  isWrite: true,
  only: 'shell',
  async run(run, args, flags) {
    const { client } = run
    const path = pathOf(run, args)
    const given = Object.entries(NAMES).filter(([flag]) => flags[flag] !== undefined)
    if (given.length === 0) throw new UsageError('name a limit: -n, -b, -N or -B')
    if ((await client.exists(path)) === undefined) {
      throw new CommandError(EXIT.noZnode, `no such znode: ${path}`)
    }
    await checkAlone(client, path)
    const place = placeOf(path)
    const before = await textOf(client, `${place}/${LIMITS}`)
    const limits = {
      ...((before === undefined ? undefined : parseQuota(before)) ?? NONE),
      ...Object.fromEntries(given.map(([flag, name]) => [name, flags[flag] as number])),
    }
    const data = Buffer.from(quotaText(limits))
    if (before !== undefined) return void (await client.setData(`${place}/${LIMITS}`, data))
    await mkdirp(client, place)
    await client.create(`${place}/${LIMITS}`, data)
    await client.create(`${place}/${STATS}`, Buffer.from('count=0,bytes=0'))
  },
}

const listquota: Verb = {
  name: 'listquota',
  summary: 'show the quota of a path, and what is used of it',
  arguments: [['<path>', 'of the znode']],
  examples: ['/app'],
  only: 'shell',
  async run(run, args) {
    const { client, output } = run
    const path = pathOf(run, args)
    const limits = await textOf(client, `${placeOf(path)}/${LIMITS}`)
    if (limits === undefined) throw noQuota(path)
    const usage = await textOf(client, `${placeOf(path)}/${STATS}`)
    if (output.isJson) {
      const { count, bytes } = parseQuota(usage ?? '') ?? NONE
      await output.json({ path, limits: parseQuota(limits) ?? null, usage: { count, bytes } })
      return
    }
    await output.line(printable(`limits ${limits}`))
    await output.line(printable(`usage  ${usage ?? 'not counted'}`))
  },
}

/** Without flags all of it. */
async function withoutLimits(client: ZooKeeper, path: string, flags: Flags): Promise<void> {
  const place = placeOf(path)
  const text = await textOf(client, `${place}/${LIMITS}`)
  if (text === undefined) throw noQuota(path)
  const given = Object.entries(NAMES).filter(([flag]) => flags[flag] === true)
  const rest = {
    ...(parseQuota(text) ?? NONE),
    ...Object.fromEntries(given.map(([, name]) => [name, -1])),
  }
  if (given.length > 0 && Object.values<number>(rest).some((limit) => limit >= 0)) {
    await client.setData(`${place}/${LIMITS}`, Buffer.from(quotaText(rest)))
    return
  }
  for (const name of [LIMITS, STATS]) await deleteIfThere(client, `${place}/${name}`)
  // Znodes that were made for it alone.
  for (let at = place; at !== ROOT; at = at.slice(0, at.lastIndexOf('/'))) {
    if (!(await deleteIfThere(client, at))) return
  }
}

/** false: it has children. */
async function deleteIfThere(client: ZooKeeper, path: string): Promise<boolean> {
  try {
    await client.delete(path)
    return true
  } catch (error) {
    if (isAbsent(error)) return true
    if (error instanceof ZnodeError && error.code === 'ZK_NOT_EMPTY') return false
    throw error
  }
}

const delquota: Verb = {
  name: 'delquota',
  summary: 'end the quota of a path, or some of its limits',
  arguments: [['<path>', 'of the znode']],
  options: options(''),
  examples: ['/app', '-N /app'],
  isWrite: true,
  only: 'shell',
  async run(run, args, flags) {
    await withoutLimits(run.client, pathOf(run, args), flags)
  },
}

export const quotaVerbs: readonly Verb[] = [setquota, listquota, delquota]
