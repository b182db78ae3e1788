/** The build of an earlier release of anykeeper, from this repository's history: for tests of mixed versions. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from './cache.mjs'
import { timed } from './log.mjs'
import { root, runQuiet } from './run.mjs'
import { versions } from './versions.mjs'

const sources = ['package.json', 'tsconfig.json', 'tsconfig.build.json']
const folders = ['cli.ts', 'cli', 'lib', 'adapters', 'proxy', 'test/conformance']

/**
 * Its `dist`, without packages. Same rule as oldRelease() in test/support/requirements.ts.
 *
 * @returns {Promise<string | undefined>} why it is missing, in one line
 */
export async function ensureOldRelease() {
  const { release, commit } = versions.oldRelease
  try {
    await cached(`anykeeper-${release}-${commit}`, (folder) => build(folder, commit))
    return undefined
  } catch (error) {
    return `anykeeper ${release} is not built: ${error.message.split('\n').slice(0, 2).join(': ')}`
  }
}

async function build(folder, commit) {
  const archive = join(folder, 'source.tar')
  const source = join(folder, 'source')
  writeFileSync(archive, archiveOf(commit))
  mkdirSync(source)
  await timed('building anykeeper 0.1.0 from the history, once', async () => {
    await runQuiet('tar', ['-xf', archive, '-C', source])
    symlinkSync(join(root, 'node_modules'), join(source, 'node_modules'))
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const dist = join(folder, 'dist')
    await runQuiet(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', dist], {
      cwd: source,
    })
  })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "version": "0.1.0" }\n')
  rmSync(source, { recursive: true })
  rmSync(archive)
}

function archiveOf(commit) {
  try {
    return execFileSync('git', ['archive', commit, ...sources, ...folders], {
      cwd: root,
      maxBuffer: 256 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (error) {
    const reason = String(error.stderr ?? error.message).split('\n')[0]
    throw new Error(`commit ${commit} is not in this clone (git fetch --unshallow): ${reason}`)
  }
}
