/** Other versions of Node, as the npm registry has them, in the cache. */
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from './cache.mjs'
import { timed } from './log.mjs'
import { runQuiet } from './run.mjs'
import { versions } from './versions.mjs'

/** What npm's package `node` installs by a script of its own, which would be blocked. */
const packageName = `node-${process.platform}-${process.arch}`

/**
 * @param {'20.19' | '22' | '24'} line
 * @returns {Promise<{path: string, version: string} | {problem: string}>} path: of the program
 */
export async function ensureNode(line) {
  const version = versions.node[line]
  try {
    const folder = await cached(`node-${version}`, (target) =>
      timed(`fetching Node ${version}, once`, () => fetchProgram(version, target)),
    )
    return { path: join(folder, 'node'), version }
  } catch (error) {
    return { problem: `no Node ${version}: ${error.message.split('\n')[0]}` }
  }
}

/** The program alone: headers and manuals are of no use here. */
async function fetchProgram(version, folder) {
  const download = join(folder, 'download')
  mkdirSync(download)
  await runQuiet('npm', ['pack', `${packageName}@${version}`, '--pack-destination', download])
  const [archive] = readdirSync(download)
  await runQuiet('tar', ['-xzf', join(download, archive), '-C', download, 'package/bin/node'])
  const program = join(folder, 'node')
  copyFileSync(join(download, 'package', 'bin', 'node'), program)
  rmSync(download, { recursive: true })
  await runQuiet(program, ['--version'])
}
