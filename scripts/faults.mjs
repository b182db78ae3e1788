/** `npm run test:faults -- …`: gets what is missing, builds, then runs test/faults/main.ts. */
import { ensureBuild } from './lib/ensure-build.mjs'
import { ensureNodeModules } from './lib/ensure-node-modules.mjs'
import { say } from './lib/log.mjs'
import { prepare } from './lib/prepare.mjs'
import { runShown } from './lib/run.mjs'

try {
  await main()
} catch (error) {
  say(error.message)
  process.exitCode = 1
}

async function main() {
  await ensureNodeModules()
  await ensureBuild()
  const given = process.argv.slice(2)
  const isAboutEarlier = given.some((arg) => /^--(list|check|sum)\b/.test(arg))
  const needsPeer = given.includes('zookeeper') || given.includes('both')
  const needs = ['etcd', 'etcdutl', 'faketime', 'porcupine', ...(needsPeer ? ['zookeeper'] : [])]
  const env = await prepare(isAboutEarlier ? ['porcupine'] : needs)
  const args = ['--import', 'tsx', 'test/faults/main.ts', ...given]
  const status = await runShown(process.execPath, args, { env: { ...process.env, ...env } })
  process.exitCode = typeof status === 'number' ? status : 1
}
