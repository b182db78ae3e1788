/** `npm ci`, when node_modules is absent or holds other versions than package-lock.json names. */
import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { timed } from './log.mjs'
import { root, runShown } from './run.mjs'

export async function ensureNodeModules() {
  const reason = staleReason()
  if (reason === undefined) return
  const folder = join(root, 'node_modules')
  if (existsSync(folder) && lstatSync(folder).isSymbolicLink()) {
    throw new Error(`node_modules is a symbolic link and stale (${reason}): run npm ci where it is`)
  }
  await timed(`npm ci (${reason})`, async () => {
    // NODE_ENV=production would leave out the compiler. No package that is served or built with needs
    // its install script; the one that tests compile is built when they ask for it (ensure-native).
    const args = ['ci', '--no-audit', '--no-fund', '--include=dev', '--ignore-scripts']
    const status = await runShown('npm', args)
    if (status !== 0) throw new Error(`npm ci ended with ${status}`)
  })
}

/** Compares with the record npm itself leaves of what it installed. */
function staleReason() {
  const installedPath = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installedPath)) return 'node_modules is absent'
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages
  for (const [path, { version, optional, devOptional, link }] of Object.entries(wanted)) {
    if (path === '' || link) continue
    const found = installed[path]?.version
    if (found === undefined && (optional || devOptional)) continue
    if (found !== version) return `${path} is ${found ?? 'absent'}, not ${version}`
  }
  return undefined
}
