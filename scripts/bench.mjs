/** `npm run bench -- …`: gets what is missing, builds, then runs bench/main.ts with the arguments. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuild } from './lib/ensure-build.mjs'
import { ensureNodeModules } from './lib/ensure-node-modules.mjs'
import { say } from './lib/log.mjs'
import { prepare } from './lib/prepare.mjs'
import { root, runShown } from './lib/run.mjs'

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
  const given = process.argv.slice(2)
  const needs = ['etcd', 'zookeeper', ...(given.includes('stores') ? ['redis'] : [])]
  const env = given.includes('--help') ? {} : await prepare(needs)
  const args = ['--import', 'tsx', 'bench/main.ts', ...given]
  const status = await runShown(process.execPath, args, { env: { ...process.env, ...env } })
  process.exitCode = typeof status === 'number' ? status : 1
}
