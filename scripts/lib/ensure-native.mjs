/** The official C client for Node (npm `zookeeper`), which the tests use: compiled when it is not. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { timed } from './log.mjs'
import { CommandError, root, runQuiet } from './run.mjs'

/** @returns {Promise<string | undefined>} what is missing, in one line */
export async function ensureZookeeperClient() {
  const folder = join(root, 'node_modules', 'zookeeper')
  if (!existsSync(folder)) return 'the npm package zookeeper is not installed'
  if (existsSync(join(folder, 'build', 'Release', 'zookeeper.node'))) return undefined
  // Headers beside the program save node-gyp a download that a closed network would refuse.
  const prefix = dirname(dirname(process.execPath))
  const headers = existsSync(join(prefix, 'include', 'node', 'node.h'))
  const args = ['rebuild', 'zookeeper', ...(headers ? [`--nodedir=${prefix}`] : [])]
  try {
    await timed('npm rebuild zookeeper', () => runQuiet('npm', args))
    return undefined
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return `the npm package zookeeper does not compile: ${error.output.split('\n').at(-1)}`
  }
}
