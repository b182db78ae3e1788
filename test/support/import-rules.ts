/** The direction of imports: proxy → lib ← adapters, and what each room may bring in. */
import { posix } from 'node:path'

/** Imports of one file as they are written, type imports too. */
export interface SourceFile {
  path: string
  imports: readonly string[]
}

type Room = 'lib' | 'adapters' | 'proxy' | 'cli' | 'outside'

/** All of the library, the adapters and the proxy that the command line may see. */
const doors = new Set([
  'index.ts',
  'lib/index.ts',
  'lib/internal.ts',
  'adapters/index.ts',
  'proxy/index.ts',
])

/** What of lib an adapter may see. */
const contract = /^lib\/(store\/|base\/|model\/errors\.ts$)/

/** What of lib the proxy may see: the public door, the one for this repository, and ZooKeeper's wire format. */
const proxyDoors = /^lib\/((index|internal)\.ts$|protocol\/)/

/**
 * The rooms of lib and what each may import besides itself. An arrow goes only downwards in this list,
 * so no rule names a room above its own. lib/index.ts, the public door, and
 * lib/internal.ts, the one for this repository, import any of them.
 */
export const libRooms: Record<string, readonly string[]> = {
  migrate: ['client', 'transfer', 'protocol', 'member', 'format', 'store', 'model', 'base'],
  client: ['protocol', 'member', 'store', 'model', 'base'],
  transfer: ['protocol', 'member', 'format', 'store', 'model', 'base'],
  protocol: ['model'],
  member: ['format', 'store', 'model', 'base'],
  format: ['store', 'model'],
  store: ['model'],
  model: [],
  base: [],
}

/** The rooms of the member, in the same way; keeper.ts puts them together. */
export const memberRooms: Record<string, readonly string[]> = {
  session: ['commit', 'read', 'plan', 'watch', 'tree'],
  upkeep: ['commit', 'plan', 'tree'],
  changes: ['tree'],
  commit: ['plan', 'tree'],
  read: ['plan', 'watch', 'tree'],
  plan: ['tree'],
  watch: ['tree'],
  tree: [],
}

/** Revision emulation, shared by the stores that lack revisions, and what stores on a server log in with. */
const sharedAdapters = ['mvcc', 'credentials']

/** Packages from npm that a room may import; of node's own, all may. */
const packagesOf: Record<Exclude<Room, 'outside'>, readonly string[]> = {
  lib: [],
  adapters: [],
  proxy: ['node-forge', 'pino', 'prom-client'],
  cli: ['cli-progress', 'commander', 'pino', 'properties-file'],
}

/** The one folder of adapters that may import a driver. */
const driversOf: Record<string, string> = {
  etcd3: 'etcd',
  '@grpc/grpc-js': 'etcd',
  lmdb: 'embedded',
  'ioredis-mock': 'redis',
  ioredis: 'redis',
}

/** One line for each import that goes the wrong way, and for each cycle. */
export function importViolations(files: readonly SourceFile[]): string[] {
  const lines = files.flatMap((file) =>
    file.imports.flatMap((specifier) => {
      const problem = problemOf(file.path, specifier)
      return problem === undefined ? [] : [`${file.path}: ${specifier}: ${problem}`]
    }),
  )
  return [...lines, ...cycles(files).map((cycle) => `cycle: ${cycle.join(' → ')}`)]
}

function problemOf(from: string, specifier: string): string | undefined {
  const room = roomOf(from)
  if (room === 'outside') return undefined
  if (specifier.startsWith('node:')) return undefined
  if (!specifier.startsWith('.')) return packageProblem(from, room, packageName(specifier))
  if (!specifier.endsWith('.ts')) return 'relative imports end in .ts'
  const target = resolveImport(from, specifier)
  if (room === 'cli') {
    if (roomOf(target) === 'cli' || doors.has(target)) return undefined
    return 'the command line imports cli/ and the doors'
  }
  if (room === 'lib') return libProblem(from, target)
  if (room === 'proxy') {
    if (target.startsWith('proxy/') || proxyDoors.test(target)) return undefined
    return 'proxy imports only proxy, lib/index.ts, lib/internal.ts and lib/protocol'
  }
  return adapterProblem(from, target)
}

function libProblem(from: string, target: string): string | undefined {
  if (!target.startsWith('lib/')) return 'lib imports only lib'
  if (from === 'lib/index.ts' || from === 'lib/internal.ts') return undefined
  const [, room = '', inside = ''] = from.split('/')
  const [, targetRoom = '', targetInside = ''] = target.split('/')
  const allowed = libRooms[room]
  if (allowed === undefined) return `lib/${room} is no room of lib (see libRooms)`
  if (room !== targetRoom) {
    return allowed.includes(targetRoom) ? undefined : `lib/${room} may not import ${target}`
  }
  if (room !== 'member' || inside === 'keeper.ts' || inside === targetInside) return undefined
  const allowedInside = memberRooms[inside]
  if (allowedInside === undefined) return `lib/member/${inside} is no room of the member`
  if (allowedInside.includes(targetInside)) return undefined
  return `lib/member/${inside} may not import ${target}`
}

function adapterProblem(from: string, target: string): string | undefined {
  if (contract.test(target)) return undefined
  if (!target.startsWith('adapters/')) return 'adapters import only the store contract'
  const own = adapterOf(from)
  const other = adapterOf(target)
  // Files beside the folders put adapters together; inside a folder only that one and the shared ones count.
  if (own === undefined || own === other) return undefined
  if (other !== undefined && sharedAdapters.includes(other)) return undefined
  return 'adapters do not import their siblings'
}

function packageProblem(
  from: string,
  room: Exclude<Room, 'outside'>,
  name: string,
): string | undefined {
  if (packagesOf[room].includes(name)) return undefined
  if (room === 'adapters' && driversOf[name] === adapterOf(from)) return undefined
  return `${room} may not import this package (see test/support/import-rules.ts)`
}

function roomOf(path: string): Room {
  if (path === 'cli.ts') return 'cli'
  const [top] = path.split('/')
  return top === 'cli' || top === 'lib' || top === 'adapters' || top === 'proxy' ? top : 'outside'
}

function adapterOf(path: string): string | undefined {
  const parts = path.split('/')
  return parts.length > 2 ? parts[1] : undefined
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function resolveImport(from: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(from), specifier))
}

/** Depth first; each file that is met again on the way down closes a cycle. */
function cycles(files: readonly SourceFile[]): string[][] {
  const edges = new Map<string, string[]>()
  for (const { path, imports } of files) {
    if (roomOf(path) === 'outside') continue
    const relative = imports.filter((specifier) => specifier.startsWith('.'))
    edges.set(
      path,
      relative.map((specifier) => resolveImport(path, specifier)),
    )
  }
  const found: string[][] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      found.push([...trail.slice(trail.indexOf(path)), path])
      return
    }
    if (done.has(path)) return
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return found
}
