/** Style that a machine can check: the direction of imports, names, sizes, leftovers. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import ts from 'typescript'
import { importViolations, libRooms, memberRooms, type SourceFile } from './support/import-rules.ts'
import { type TextFile, textViolations } from './support/text-rules.ts'
import { findWords, wordRules } from './support/word-rules.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const foreign = new Set(['.git', 'node_modules', 'dist', 'dist.next', 'data', 'coverage'])
const textFile = /(?:\.(?:ts|mjs|js|cjs|json|md|yml|yaml|sh|py|java|c|toml|txt|hex)|\/run|\/\.\w+)$/

describe('tidy', () => {
  const files = textFiles('')
  const sources = files.filter(({ path }) => path.endsWith('.ts')).map(sourceFile)

  it('finds the sources', () => {
    expect(sources.map(({ path }) => path)).to.include.members([
      'lib/model/errors.ts',
      'test/tidy.test.ts',
    ])
  })

  it('imports go proxy → lib ← adapters, without cycles', () => {
    expect(importViolations(sources)).to.deep.equal([])
  })

  it('names, sizes and leftovers', () => {
    expect(files.flatMap(textViolations)).to.deep.equal([])
  })

  it('reads every kind of import', () => {
    const text = [
      "import { a } from './a.ts'",
      "import type { B } from './b.ts'",
      "export * from './c.ts'",
      "export type { D } from './d.ts'",
      "const e = await import('./e.ts')",
      "import './f.ts'",
      "let g: import('./g.ts').G",
    ].join('\n')
    const { imports } = sourceFile({ path: 'x.ts', text })
    expect([...imports].sort().join()).to.equal('./a.ts,./b.ts,./c.ts,./d.ts,./e.ts,./f.ts,./g.ts')
  })

  it('has no rule that lets an arrow of lib run upwards', () => {
    for (const rooms of [libRooms, memberRooms]) {
      const order = Object.keys(rooms)
      for (const [room, below] of Object.entries(rooms)) {
        const floors = below.map((other) => order.indexOf(other))
        expect(Math.min(...floors, order.length), room).to.be.above(order.indexOf(room))
      }
    }
  })

  const wrongWays: [from: string, specifier: string][] = [
    ['lib/member/tree/feed.ts', '../../../adapters/index.ts'],
    ['lib/member/tree/feed.ts', '../../../proxy/index.ts'],
    ['lib/member/tree/feed.ts', 'etcd3'],
    ['lib/member/tree/feed.ts', './data-tree'],
    ['lib/member/tree/feed.ts', '../commit/task.ts'],
    ['lib/member/tree/feed.ts', '../keeper.ts'],
    ['lib/member/plan/create.ts', '../watch/watch-table.ts'],
    ['lib/member/extra/new.ts', '../tree/feed.ts'],
    ['lib/member/keeper.ts', '../client/zookeeper.ts'],
    ['lib/protocol/frame.ts', '../member/keeper.ts'],
    ['lib/protocol/frame.ts', '../index.ts'],
    ['lib/client/paths.ts', '../internal.ts'],
    ['adapters/etcd/etcd-store.ts', '../../lib/internal.ts'],
    ['lib/model/znode.ts', '../format/record.ts'],
    ['lib/extra/new.ts', '../model/errors.ts'],
    ['proxy/connection.ts', '../lib/model/errors.ts'],
    ['proxy/compare/link.ts', '../../adapters/index.ts'],
    ['adapters/etcd/etcd-store.ts', '../memory/memory-store.ts'],
    ['adapters/etcd/etcd-store.ts', '../../lib/model/request.ts'],
    ['adapters/etcd/etcd-store.ts', '../../lib/protocol/frame.ts'],
    ['adapters/etcd/etcd-store.ts', '../../proxy/index.ts'],
    ['adapters/memory/memory-store.ts', 'etcd3'],
    ['cli/serve.ts', '../lib/member/keeper.ts'],
    ['cli/serve.ts', 'etcd3'],
    ['lib/index.ts', '../cli/flags.ts'],
  ]
  for (const [path, specifier] of wrongWays) {
    it(`rejects ${specifier} in ${path}`, () => {
      expect(importViolations([{ path, imports: [specifier] }])).to.have.length(1)
    })
  }

  const rightWays: [from: string, specifier: string][] = [
    ['lib/member/tree/feed.ts', '../../store/types.ts'],
    ['lib/member/keeper.ts', './session/session.ts'],
    ['lib/client/recipes/lock.ts', '../zookeeper.ts'],
    ['lib/base/clock.ts', 'node:crypto'],
    ['proxy/connection.ts', '../lib/index.ts'],
    ['proxy/connection.ts', '../lib/internal.ts'],
    ['cli/serve.ts', '../lib/internal.ts'],
    ['lib/internal.ts', './format/layout.ts'],
    ['proxy/connection.ts', '../lib/protocol/frame.ts'],
    ['adapters/etcd/etcd-store.ts', '../../lib/store/types.ts'],
    ['adapters/etcd/etcd-store.ts', 'etcd3'],
    ['adapters/redis/redis-store.ts', '../mvcc/revisions.ts'],
    ['adapters/index.ts', './etcd/etcd-store.ts'],
    ['cli.ts', './adapters/index.ts'],
    ['cli.ts', './proxy/index.ts'],
    ['cli.ts', './cli/serve.ts'],
    ['cli/serve.ts', '../adapters/index.ts'],
    ['cli/serve.ts', './flags.ts'],
    ['test/support/x.ts', '../../adapters/index.ts'],
  ]
  for (const [path, specifier] of rightWays) {
    it(`allows ${specifier} in ${path}`, () => {
      expect(importViolations([{ path, imports: [specifier] }])).to.deep.equal([])
    })
  }

  it('rejects a cycle, also of type imports', () => {
    const found = importViolations([
      { path: 'proxy/a.ts', imports: ['./b.ts'] },
      { path: 'proxy/b.ts', imports: ['./c/d.ts'] },
      { path: 'proxy/c/d.ts', imports: ['../a.ts'] },
    ])
    expect(found).to.deep.equal(['cycle: proxy/a.ts → proxy/b.ts → proxy/c/d.ts → proxy/a.ts'])
  })

  const wrongWords: [word: string, text: string][] = [
    ['anew', '// The list is read anew.'],
    ['told', "log.info('the operator is told')"],
    ['at once', 'Clients see it at once.'],
    ['goes on', '> it goes on where it stopped'],
    ['cut', 'All clients are cut after five seconds.'],
    ['who', 'Clients that wait and those who do not.'],
    ['#o', '  readonly #o: Options'],
  ]
  for (const [word, text] of wrongWords) {
    it(`rejects the words of "${word}"`, () => {
      expect(findWords(text)).to.have.length(1)
    })
  }

  it('gives a reason and a better word for each word', () => {
    expect(wordRules.filter(({ write, why }) => write === '' || why === '')).to.deep.equal([])
    expect(findWords('The broker is told of it: a cut in costs, at one go.')).to.have.length(1)
    expect(findWords('Pending requests form a batch; the lease is renewed.')).to.deep.equal([])
  })

  const wrongTexts: [what: string, file: TextFile][] = [
    ['a name', { path: 'lib/dataTree.ts', text: '' }],
    ['a default export', { path: 'lib/a.ts', text: 'export default 1\n' }],
    ['a long file', { path: 'lib/a.ts', text: '\n'.repeat(401) }],
    ['a leftover', { path: 'lib/a.ts', text: `// ${'TO'}${'DO'}: later` }],
    ['one test alone', { path: 'test/a.test.ts', text: `it${'.only'}('x', () => {})` }],
    ["a machine's path", { path: 'docs/a.md', text: `see ${'/ho'}${'me/me/notes'}` }],
    ["a registry's host", { path: 'docs/a.md', text: `https://registry${'.npmjs.org'}/x` }],
  ]
  for (const [what, file] of wrongTexts) {
    it(`rejects ${what}`, () => {
      expect(textViolations(file)).to.have.length(1)
    })
  }
})

function textFiles(folder: string): TextFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (foreign.has(entry.name) || (folder === '' && entry.name === 'api')) return []
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) return textFiles(path)
    if (!textFile.test(`/${path}`)) return []
    return [{ path, text: readFileSync(join(root, path), 'utf8') }]
  })
}

/** By the compiler's own scanner: a regular expression would miss an import over several lines. */
function sourceFile({ path, text }: TextFile): SourceFile {
  const { importedFiles } = ts.preProcessFile(text, true, true)
  return { path, imports: importedFiles.map(({ fileName }) => fileName) }
}
