/** Small bugs, one at a time, in a built copy of anykeeper: what the suite must notice. */
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { temporaryFolder } from '../support/temp-folder.ts'
import type { Anykeeper } from './subjects.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Mutation {
  readonly bug: string
  /** Below dist/. */
  readonly file: string
  /** Exactly one place of the compiled file. */
  readonly from: string
  readonly to: string
}

export const mutations: readonly Mutation[] = [
  {
    bug: 'a delete does not move the parent’s pzxid',
    file: 'lib/member/tree/data-tree.js',
    from: 'if (zxid > parent.pzxid)',
    to: 'if (false)',
  },
  {
    bug: 'events come after the reply that shows the change',
    file: 'proxy/connection.js',
    from: '    event(type, path, zxid) {',
    to: '    event(type, path, zxid) { setImmediate(() => this.late(type, path, zxid)) }\n    late(type, path, zxid) {',
  },
  {
    bug: 'what stands behind the failed operation of a multi has code 0',
    file: 'lib/member/plan/multi.js',
    from: 'planned : ZK_ERRORS.RUNTIME_INCONSISTENCY.errno',
    to: 'planned : 0',
  },
  {
    bug: 'a sequence number is used again after a delete',
    file: 'lib/member/plan/create.js',
    from: 'sequenceSuffix(parent.creates)',
    to: 'sequenceSuffix(parent.childCount)',
  },
  {
    bug: 'cversion counts creates only',
    file: 'lib/model/znode.js',
    from: 'node.creates * 2 - node.childCount',
    to: 'node.creates',
  },
  {
    bug: 'setACL fires a watch',
    file: 'lib/member/tree/data-tree.js',
    from: 'node.acl = op.acl;',
    to: 'node.acl = op.acl; this.observer?.nodeDataChanged(op.path, op.acl);',
  },
  {
    bug: 'a standard watch survives its event',
    file: 'lib/member/watch/watch-table.js',
    from: 'if ((modes & MODE.standard) !== 0)',
    to: 'if (false)',
  },
  {
    bug: 'exists on a missing znode sets no watch',
    file: 'lib/member/read/read.js',
    from: 'if (request.watch)',
    to: 'if (request.watch && node !== undefined)',
  },
  {
    bug: 'ephemerals stay when their session ends',
    file: 'lib/member/tree/replica.js',
    from: 'for (const path of op.paths)',
    to: 'for (const path of [])',
  },
  {
    bug: 'the second change in a multi does not count the version',
    file: 'lib/member/plan/set.js',
    from: 'edited.version = next(edited.version)',
    to: 'edited.version = view.ops.length > 0 ? edited.version : next(edited.version)',
  },
  {
    bug: 'delete: NONODE before NOAUTH',
    file: 'lib/member/plan/delete.js',
    from: 'if (!isAllowed(parent.acl',
    to: 'if (view.get(path) !== undefined && !isAllowed(parent.acl',
  },
  {
    bug: 'a failed write takes no zxid',
    file: 'lib/member/commit/zxid-of.js',
    from: 'default:\n            return true;',
    to: "default:\n            return typeof planned !== 'number';",
  },
  {
    bug: 'two Deleted events for a data and a child watch',
    file: 'lib/member/watch/watch-registry.js',
    from: 'this.child.fire(EVENT.NodeDeleted, path, acl, notified)',
    to: 'this.child.fire(EVENT.NodeDeleted, path, acl)',
  },
  {
    bug: 'a recursive watch hears of ChildrenChanged',
    file: 'lib/member/watch/watch-registry.js',
    from: 'if (recursive)',
    to: 'if (recursive) this.child.add(path, watcher, MODE.persistent);\n        if (recursive)',
  },
  {
    bug: 'setWatches tells of the change the client has seen',
    file: 'lib/member/read/set-watches.js',
    from: 'node.mzxid > relativeZxid',
    to: 'node.mzxid >= relativeZxid',
  },
  {
    bug: 'reads behind a sync see the write behind them',
    file: 'lib/member/commit/group-committer.js',
    from: 'answerUpTo(-1);',
    to: '',
  },
  {
    bug: 'everybody sees digests',
    file: 'lib/member/read/read.js',
    from: 'maskDigests(node.acl)',
    to: 'node.acl',
  },
  {
    bug: 'setACL takes a version one too low',
    file: 'lib/member/plan/set.js',
    from: 'request.version !== node.aversion)',
    to: 'request.version !== node.aversion && request.version !== node.aversion - 1)',
  },
]

/** The compiled anykeeper with the bug in it, loaded; remove `folder` afterwards. */
export async function loadMutant(
  mutation: Mutation,
): Promise<{ parts: Anykeeper; folder: string }> {
  if (!existsSync(join(root, 'dist', mutation.file))) throw new Error('no dist: npm run build')
  const folder = temporaryFolder('mutant')
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const file = join(folder, 'dist', mutation.file)
  const parts = readFileSync(file, 'utf8').split(mutation.from)
  if (parts.length !== 2) {
    throw new Error(`${mutation.file} has "${mutation.from}" ${parts.length - 1} times`)
  }
  writeFileSync(file, parts.join(mutation.to))
  const load = (name: string) => import(pathToFileURL(join(folder, 'dist', name)).href)
  return {
    folder,
    parts: {
      ...(await load('lib/index.js')),
      ...(await load('proxy/index.js')),
      ...(await load('adapters/memory/memory-backend.js')),
      ...(await load('adapters/memory/memory-store.js')),
    } as Anykeeper,
  }
}
