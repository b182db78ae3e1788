/** The types of the packed package, checked whole, under the oldest TypeScript that works and ours, as each resolves them. */
import { readdirSync } from 'node:fs'
import { requireOrSkip, versions } from '../support/requirements.ts'
import { installed } from './installed.ts'
import { expectSuccess, type Project } from './project.ts'

const oldest = 'typescript-oldest'
const ours = 'typescript'
/** As they stand in this repository: a user copies one. */
const examples = readdirSync(new URL('../../examples', import.meta.url)).map(
  (name) => `examples/${name}`,
)

/** require() of a module is for TypeScript 5.8, and `await using` for 5.2: only ours compiles the programs. */
const checks = [
  [oldest, 'node16', 'node16', ['types.mts']],
  [oldest, 'esnext', 'bundler', ['types.mts']],
  [ours, 'nodenext', 'nodenext', ['types.mts', 'app.mts', 'app.cts', ...examples]],
  [ours, 'esnext', 'bundler', ['types.mts']],
] as const

describe('types of the packed package', function () {
  this.timeout(300_000)
  let project: Project

  before(async function () {
    requireOrSkip(this, 'node-24')
    project = await installed('24')
  })

  for (const [compiler, module, resolution, files] of checks) {
    const name = compiler === oldest ? `TypeScript ${versions.typescriptOldest}` : 'our TypeScript'
    it(`satisfy ${name} with moduleResolution ${resolution}, strict`, async () => {
      const outcome = await project.run([
        ...[project.module(compiler, 'lib', 'tsc.js'), '--noEmit', '--strict'],
        ...['--skipLibCheck', 'false', '--target', 'es2022', '--types', 'node,mocha'],
        ...['--module', module, '--moduleResolution', resolution, ...files],
      ])
      expectSuccess(compiler, outcome)
    })
  }
})
