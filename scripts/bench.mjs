/**
 * `npm run bench -- …`: gets what is missing, builds, then runs bench/main.ts with the arguments. Load
 * and proxies run on the Node of the release line that `--node` names, 24 unless given; `--node own`
 * is the one that runs this.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuild } from './lib/ensure-build.mjs'
import { ensureNode } from './lib/ensure-node.mjs'
import { ensureNodeModules } from './lib/ensure-node-modules.mjs'
import { say } from './lib/log.mjs'
import { prepare } from './lib/prepare.mjs'
import { root, runShown } from './lib/run.mjs'
import { versions } from './lib/versions.mjs'

try {
  await main()
} catch (error) {
  say(error.message)
  process.exitCode = 1
}

async function main() {
  if (!existsSync(join(root, 'bench', 'main.ts'))) throw new Error('there is no bench/main.ts')
  await ensureNodeModules()
  await ensureBuild()
  const { line, given } = takeNodeOption(process.argv.slice(2))
  const node = await nodeOf(line)
  const needs = ['etcd', 'zookeeper', ...(given.includes('stores') ? ['redis'] : [])]
  const env = given.includes('--help') ? {} : await prepare(needs)
  const args = ['--import', 'tsx', 'bench/main.ts', ...given]
  const status = await runShown(node, args, { env: { ...process.env, ...env } })
  process.exitCode = typeof status === 'number' ? status : 1
}

/** `--node LINE` is this script's; the rest is the benchmark's. */
function takeNodeOption(args) {
  const at = args.findIndex((arg) => arg === '--node' || arg.startsWith('--node='))
  if (at < 0) return { line: '24', given: args }
  const isJoined = args[at].includes('=')
  const line = isJoined ? args[at].slice('--node='.length) : args[at + 1]
  return { line, given: args.toSpliced(at, isJoined ? 1 : 2) }
}

async function nodeOf(line) {
  if (line === 'own') return process.execPath
  if (!Object.hasOwn(versions.node, line ?? '')) {
    throw new Error(`--node is one of ${Object.keys(versions.node).join(', ')}, own`)
  }
  const { path, problem } = await ensureNode(line)
  if (path === undefined) throw new Error(`${problem}. --node own takes the one that is here`)
  return path
}
