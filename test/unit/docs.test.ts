/** The documentation and the code say the same: words, rooms, drawings, links, titles of tests. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import ts from 'typescript'
import {
  brokenLinks,
  codeWords,
  drawnEdges,
  importedEdges,
  missingPaths,
  missingTitles,
  type Page,
  tableRows,
} from '../support/docs-rules.ts'
import { libRooms, memberRooms, type SourceFile } from '../support/import-rules.ts'
import { wordRules } from '../support/word-rules.ts'

const root = new URL('../../', import.meta.url)
const foreign = /^api$|(?:^|\/)(?:node_modules|dist|dist\.next|data|coverage|\.git)(?:\/|$)/

describe('docs', () => {
  const paths = filesBelow('')
  const pages = paths.filter((path) => path.endsWith('.md')).map(page)
  const contributing = page('CONTRIBUTING.md').text
  const architecture = page('docs/architecture.md').text
  const sources = paths.filter((path) => /^(?:lib|proxy|adapters|cli)\b.*\.ts$/.test(path))
  const imports = sources.map(importsOf)

  it('the table of words has a row for each rule, and no rule is only there', () => {
    const rows = tableRows(contributing, 'words: the table')
    const ruled = new Set<string[]>()
    for (const { pattern, write, why } of wordRules) {
      const found = rows.filter((cells) => cells[1] === write && cells[2] === why)
      const row = found.find((cells) => pattern.test(cells[0]!.replaceAll('`', '')))
      expect(row, `CONTRIBUTING.md lacks | … | ${write} | ${why} | for ${pattern}`).to.be.an(
        'array',
      )
      ruled.add(row!)
    }
    const others = rows.filter((cells) => !ruled.has(cells) && cells[2] !== 'not checked')
    expect(others).to.deep.equal([])
  })

  for (const [name, rooms] of Object.entries({ lib: libRooms, 'lib/member': memberRooms })) {
    it(`the table of rooms of ${name} is the rule`, () => {
      const rows = tableRows(contributing, `rooms: ${name}`)
      const written = rows.map((cells) => [codeWords(cells[0]!)[0], codeWords(cells[2]!)])
      expect(written).to.deep.equal(Object.entries(rooms))
    })
  }

  const drawings: [name: string, placeOf: PlaceOf, isDrawn?: (edge: string) => boolean][] = [
    // What lib is made of is the next drawing's.
    ['the whole', (path) => placeOf(path), (edge) => /^(?:cli|proxy|adapters) /.test(edge)],
    ['lib', (path) => (/^lib\/[^/]+\//.test(path) ? placeOf(path) : undefined)],
    ['member', (path) => /^lib\/member\/([\w-]+)/.exec(path)?.[1]],
  ]
  for (const [name, place, isDrawn = () => true] of drawings) {
    it(`the drawing of ${name} shows every import between its rooms, and no other`, () => {
      const edges = importedEdges(imports, place).filter(isDrawn)
      expect(drawnEdges(architecture, `drawing: ${name}`).sort()).to.deep.equal(edges.sort())
    })
  }

  it('relative links lead somewhere, anchors too', () => {
    expect(brokenLinks(pages, isThere)).to.deep.equal([])
    const wrong = {
      path: 'docs/a.md',
      text: '# A b\n[x](b.md) [y](#a-b) [z](#c) [w](https://c.d)\n',
    }
    expect(brokenLinks([wrong], () => false)).to.have.length(3)
    expect(brokenLinks([wrong], () => true)).to.deep.equal(['docs/a.md: #c: no such heading'])
  })

  it('paths between backticks are there', () => {
    expect(missingPaths(pages, isThere)).to.deep.equal([])
    const wrong = { path: 'docs/a.md', text: '`lib/no-such.ts`, `lib/index.ts`, `lib/<verb>.ts`' }
    expect(missingPaths([wrong], isThere)).to.deep.equal([
      'docs/a.md: lib/no-such.ts: no such file',
    ])
  })

  it('the log lines that the page of troubles quotes are those of the sources', () => {
    const texts = sources.map((path) => page(path).text.replaceAll(/' \+\s*'/g, '')).join('\n')
    const lines = quotedLines(page('docs/troubleshooting.md').text)
    expect(lines.length).to.be.above(20)
    expect(lines.filter((line) => !texts.includes(line))).to.deep.equal([])
    expect(quotedLines('| log: `a b c`, or `d e f` | `g h i` | |')).to.deep.equal([
      'a b c',
      'd e f',
    ])
  })

  it('quoted titles of tests are those of the tests', () => {
    const read = (path: string) => (isThere(path) ? page(path).text : undefined)
    expect(missingTitles(pages, read)).to.deep.equal([])
    const wrong = { path: 'docs/a.md', text: '| [t](../test/tidy.test.ts): “no such title” |' }
    expect(missingTitles([wrong], read)).to.have.length(1)
  })
})

type PlaceOf = (path: string) => string | undefined

/** Of the tables' first cells: what stands between backticks and is a phrase. */
function quotedLines(text: string): string[] {
  const cells = text.split('\n').filter((line) => line.startsWith('| '))
  return cells.flatMap((row) =>
    codeWords(row.split(' | ')[0] as string).filter((phrase) => /^[a-z’]+ .*[a-z]/.test(phrase)),
  )
}

/** The room of lib, or the folder beside it. */
function placeOf(path: string): string {
  const [top = '', room = ''] = path.split('/')
  return (top === 'lib' ? room : top).replace('.ts', '')
}

function filesBelow(folder: string): string[] {
  return readdirSync(new URL(folder, root), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}${entry.name}`
    if (foreign.test(path)) return []
    return entry.isDirectory() ? filesBelow(`${path}/`) : [path]
  })
}

function isThere(path: string): boolean {
  return existsSync(new URL(path, root))
}

function page(path: string): Page {
  return { path, text: readFileSync(new URL(path, root), 'utf8') }
}

function importsOf(path: string): SourceFile {
  const { importedFiles } = ts.preProcessFile(page(path).text, true, true)
  return { path, imports: importedFiles.map(({ fileName }) => fileName) }
}
