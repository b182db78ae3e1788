/**
 * What the image runs, in the folder that the first argument names: dist/, and node_modules with the packages of
 * `dependencies` and the drivers of etcd and Redis, in the versions of package-lock.json.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Optional peers of the package; an image that lacks one would be of no use. */
const drivers = ['etcd3', 'ioredis']

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('usage: node deploy/image/assemble.mjs FOLDER')
  process.exit(2)
}
const read = (path) => JSON.parse(readFileSync(path, 'utf8'))

/** Of package.json, or of the lock's part about the root: they have the same fields, and npm compares them. */
function forImage({ devDependencies, peerDependencies, peerDependenciesMeta, ...rest }) {
  const added = Object.fromEntries(drivers.map((name) => [name, devDependencies[name]]))
  return { ...rest, dependencies: { ...rest.dependencies, ...added } }
}

const { scripts, ...manifest } = forImage(read('package.json'))
const lock = read('package-lock.json')
lock.packages[''] = forImage(lock.packages[''])
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock))
const options = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
execFileSync('npm', ['ci', ...options], { cwd: folder, stdio: 'inherit' })
for (const name of ['dist', 'LICENSE', 'THIRD_PARTY_NOTICES']) {
  cpSync(name, join(folder, name), { recursive: true })
}
