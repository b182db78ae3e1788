/** Hover text: every public name of the package, and every member of it, has a docstring. */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { namesWithoutText } from '../support/public-names.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The sources of the doors: what `exports` of package.json names, before the build. */
function doors(): string[] {
  const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    exports: Record<string, { types: string }>
  }
  const built = Object.values(manifest.exports).map(({ types }) => types)
  return built.map((path) => path.replace('./dist/', root).replace('.d.ts', '.ts'))
}

describe('public names', function () {
  this.timeout(60_000)

  it('have a docstring each, and so do their members', () => {
    const found = namesWithoutText(doors())
    expect(found.map((line) => line.replace(root, ''))).to.deep.equal([])
  })

  it('are no internal ones: no door leads to lib/internal.ts', () => {
    for (const door of doors()) {
      expect(readFileSync(door, 'utf8'), door).to.not.match(/export .*from '.*internal\.ts'/)
    }
    expect(doors().map((door) => door.replace(root, ''))).to.include('index.ts')
  })

  it('are found without one: also fields, methods and what another file declares', () => {
    const fixture = fileURLToPath(new URL('../support/fixtures/undocumented.ts', import.meta.url))
    const found = namesWithoutText([fixture]).map((line) => line.replace(/^.*: /, ''))
    expect(relative(root, fixture)).to.equal('test/support/fixtures/undocumented.ts')
    expect(found).to.deep.equal([
      'Documented.field',
      'Documented.method',
      'Documented.got',
      'Documented.made',
      'Shape.size',
      'Options.flag',
      'Undocumented',
    ])
  })
})
