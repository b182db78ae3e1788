/** dist/ from the sources by tsc, when they differ from those that it was built from. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { timed } from './log.mjs'
import { root, runShown } from './run.mjs'

const sources = [
  'index.ts',
  'cli.ts',
  'cli',
  'lib',
  'adapters',
  'proxy',
  'test/conformance',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
]
const stampFile = join(root, 'dist', '.built-from')

export async function ensureBuild() {
  const stamp = stampOfSources()
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return
  await timed('build', async () => {
    // Into a folder beside it: a failed build leaves the old dist/ alone, and nothing stale stays.
    const next = join(root, 'dist.next')
    rmSync(next, { recursive: true, force: true })
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const args = [tsc, '-p', 'tsconfig.build.json', '--outDir', next]
    const status = await runShown(process.execPath, args)
    if (status !== 0) throw new Error('the build failed')
    writeFileSync(join(next, '.built-from'), stamp)
    rmSync(join(root, 'dist'), { recursive: true, force: true })
    renameSync(next, join(root, 'dist'))
  })
}

/** By content: a checkout changes every file's time, and a deleted file has none. */
function stampOfSources() {
  const hash = createHash('sha256')
  for (const source of sources) addTo(hash, source)
  return `${hash.digest('hex')}\n`
}

function addTo(hash, path) {
  const absolute = join(root, path)
  let entries
  try {
    entries = readdirSync(absolute).sort()
  } catch (error) {
    if (error.code === 'ENOENT') return
    if (error.code !== 'ENOTDIR') throw error
    hash.update(`${path}\n`).update(readFileSync(absolute))
    return
  }
  for (const entry of entries) addTo(hash, `${path}/${entry}`)
}
