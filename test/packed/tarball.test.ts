/** What is in the tarball: doors as package managers, Node and compilers resolve them, and nothing that is of no use there. */
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { tarball } from './installed.ts'
import { expectSuccess, npmProgram, run } from './project.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const manifest = createRequire(import.meta.url)('../../package.json') as {
  version: string
  exports: Record<string, { types: string; default: string }>
}

/** The only kinds of files that users need. */
const useful = [
  /^dist\/(?:cli|index|lib|adapters|proxy|test\/conformance)\b.*\.(?:js|d\.ts)$/,
  /^docs\/[\w/-]+\.(?:md|svg|png)$/,
  /^page\/[\w-]+\.(?:html|js|css|svg)$/,
  /^deploy\/(?:helm|manifests|examples|systemd)\//,
  /^examples\/[\w-]+\.ts$/,
  /^(?:README\.md|CHANGELOG\.md|LICENSE|THIRD_PARTY_NOTICES|package\.json)$/,
]

describe('the tarball', function () {
  this.timeout(120_000)
  const folder = temporaryFolder('unpacked')
  let path: string
  let files: string[]

  before(async () => {
    path = await tarball()
    expectSuccess('tar', await run('tar', ['-xzf', path], folder))
    const all = readdirSync(join(folder, 'package'), { recursive: true, encoding: 'utf8' })
    files = all.filter((name) => statSync(join(folder, 'package', name)).isFile())
  })
  after(() => removeFolder(folder))

  it('is good for package managers and bundlers, says publint', async () => {
    const publint = 'node_modules/publint/src/cli.js'
    expectSuccess('publint', await run(process.execPath, [publint, path, '--strict'], root))
  })

  it('has types that fit what is imported, says are-the-types-wrong', async () => {
    // Its other profiles demand resolutions that are older than `exports`, and refuse require() of a module, which
    // Node has since 20.19 and TypeScript since 5.8: packed.test.ts does both.
    const attw = 'node_modules/@arethetypeswrong/cli/dist/index.js'
    const args = [attw, path, '--profile', 'esm-only']
    expectSuccess('are-the-types-wrong', await run(process.execPath, args, root))
  })

  it('has a file for each door, and types beside it', () => {
    const doors = Object.values(manifest.exports).flatMap((door) => [door.types, door.default])
    expect(files).to.include.members(doors.map((door) => door.replace('./', '')))
  })

  it('has no source map, and no test but the conformance suites', () => {
    expect(files.filter((name) => !useful.some((kind) => kind.test(name)))).to.deep.equal([])
    const mapped = files.filter((name) => {
      const text = readFileSync(join(folder, 'package', name), 'utf8')
      return /^\/\/# sourceMapping/m.test(text)
    })
    expect(mapped).to.deep.equal([])
  })

  it('npx runs it from the tarball, without a checkout, with nothing in a cache', async () => {
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    const npx = ['exec', '--yes', '--cache', join(folder, 'cache'), '--package', path, '--']
    const args = [npmProgram(), ...npx, 'anykeeper', '--version']
    const outcome = await run(process.execPath, args, empty)
    expectSuccess('npx', outcome)
    expect(outcome.output).to.match(new RegExp(`^anykeeper ${manifest.version} `, 'm'))
  })

  it('the version is the same in the chart, the manifests, the pages and the changelog', () => {
    const { version } = manifest
    const chart = readFileSync(join(root, 'deploy/helm/anykeeper/Chart.yaml'), 'utf8')
    expect(chart).to.include(`\nversion: ${version}\nappVersion: ${version}\n`)
    const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    const pages = docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)
    const others = ['README.md', 'deploy/image/Dockerfile', 'deploy/manifests/anykeeper.yaml']
    const naming = [...pages, ...others].filter((page) => {
      const named = readFileSync(join(root, page), 'utf8').matchAll(/anykeeper[-:](\d+\.\d+\.\d+)/g)
      const versions = new Set([...named].map(([, one]) => one))
      if (versions.size > 0) expect([...versions], page).to.deep.equal([version])
      return versions.size > 0
    })
    expect(naming).to.include.members([...others, 'docs/deploy.md', 'docs/kubernetes.md'])
    const changes = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')
    expect(/^## (?!Unreleased)(\S+)/m.exec(changes)?.[1]).to.equal(version)
  })
})
