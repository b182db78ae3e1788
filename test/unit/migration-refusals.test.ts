/** docs/migration-refusals.md has each sentence of the commands of a migration, and no other; and their exit codes. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { migrateCommand } from '../../cli/migrate/command.ts'
import { BY_CODE, EXIT } from '../../cli/znode/exit-codes.ts'
import { SOURCE_COUNTERS } from '../../lib/format/source.ts'
import { codeWords, tableRows } from '../support/docs-rules.ts'
import { sentencesOf } from '../support/sentences.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

/** Those that the folders below do not have. */
const FILES = ['cli/zookeeper-folder.ts', 'cli/import-zookeeper.ts', 'cli/export.ts']
const FOLDERS = ['lib/migrate', 'cli/migrate', 'lib/transfer/zookeeper']
/** Texts of the help, which docs/configuration.md has; the exit codes; what packets are made of. */
const OTHERS = [
  'cli/migrate/bound-flags.ts',
  'cli/migrate/commanded.ts',
  'lib/transfer/zookeeper/quorum-packet.ts',
]
/** Of proxies that serve while following, but for the side of the take-over. */
const SERVING = /^lib\/migrate\/serve\/(?!hand-over|source-clients)/
/** A part of the help. */
const HELP = /^Exit codes:/

describe('the page of the sentences of a migration', () => {
  const page = read('docs/migration-refusals.md')

  it('has each sentence of the sources, and no other', () => {
    const folders = FOLDERS.flatMap((folder) =>
      readdirSync(new URL(folder, root), { recursive: true }).map((path) => `${folder}/${path}`),
    )
    const paths = [...folders, ...FILES].filter(
      (path) => path.endsWith('.ts') && !OTHERS.includes(path) && !SERVING.test(path),
    )
    const inSources = new Set(
      ['cli/migrate/commanded.ts', ...paths]
        .flatMap((path) => sentencesOf(read(path)))
        .filter((sentence) => !HELP.test(sentence)),
    )
    for (const meaning of meanings()) inSources.delete(meaning)
    const onPage = rowsOf(page).flatMap(([cell = '']) => codeWords(cell))
    expect([...inSources].filter((sentence) => !onPage.includes(sentence))).to.deep.equal([])
    expect(onPage.filter((sentence) => !inSources.has(sentence))).to.deep.equal([])
    expect(new Set(onPage).size, 'each once').to.equal(onPage.length)
  })

  it('says for each of them what it means', () => {
    for (const row of rowsOf(page)) expect(row[1], row[0]).to.match(/\w/)
  })

  it('finds sentences that are put together, and leaves log lines and the help out', () => {
    const text = `import { a } from 'not this one'
      logger.warn({ b }, 'nor this one')
      new Command('x').option('--y', 'nor that').action(() => say('but this'))
      throw new Error(\`the tree \${n > 1 ? 'and more of it' : ''} is \` + 'not there' + c)`
    expect(sentencesOf(text)).to.deep.equal([
      'but this',
      'the tree … is not there…',
      'and more of it',
    ])
  })

  it('has the exit codes of the help of each command, and the errors behind each', () => {
    const rows = tableRows(page, 'exit codes: migrate')
    const helps = migrateCommand().commands.map((command) => {
      let help = ''
      command.configureOutput({
        writeOut: (text) => {
          help += text
        },
      })
      command.outputHelp()
      return [command.name(), help] as const
    })
    const shown = Object.values(EXIT).flatMap((code) => {
      const of = helps.flatMap(([name, help]) => {
        const line = new RegExp(`^  ${code}  (.*)$`, 'm').exec(help)
        return line === null ? [] : [{ name, meaning: line[1] as string }]
      })
      if (of.length === 0) return []
      const names = of.map(({ name }) => name)
      const errors = Object.keys(BY_CODE).filter((key) => {
        return /^(?:MIGRATE|SOURCE)_/.test(key) && BY_CODE[key] === code
      })
      return [[String(code), of[0]!.meaning, names, errors]]
    })
    const written = rows.map(([code, meaning, names, errors]) => {
      return [code, meaning, codeWords(names!), codeWords(errors!)]
    })
    expect(written).to.deep.equal(shown)
  })
})

describe('the pages of the records and errors of a migration', () => {
  it('docs/layout.md has each field of the source record, and each of its counters', () => {
    const page = read('docs/layout.md')
    const fields = tableRows(page, 'fields: source').flatMap(([cell]) => codeWords(cell!))
    const source = read('lib/format/source.ts')
    const inside = source.slice(source.indexOf('interface SourceRecord'))
    const named = inside.slice(0, inside.indexOf('\n}')).matchAll(/^ {2}readonly (\w+)/gm)
    expect(fields.sort()).to.deep.equal([...named].map(([, name]) => name).sort())
    const counters = /^`counters`, each[^:]*:([^.]*)/m.exec(page)?.[1] ?? ''
    expect(codeWords(counters)).to.deep.equal(SOURCE_COUNTERS)
  })

  it('docs/errors.md has each code', () => {
    const codes = Object.keys(BY_CODE).filter((code) => /^(?:MIGRATE|SOURCE)_/.test(code))
    const page = read('docs/errors.md')
    expect(codes.filter((code) => !page.includes(`\n| \`${code}\` |`))).to.deep.equal([])
    const known = ['migrate', 'source'].flatMap((name) => {
      const text = read(`lib/migrate/${name}-error.ts`)
      return [...text.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, code]) => code)
    })
    const written = [...page.matchAll(/^\| `((?:MIGRATE|SOURCE)_\w+)` \|/gm)].map(
      ([, code]) => code,
    )
    expect(written).to.deep.equal(known)
  })
})

/** Of all tables of sentences. */
function rowsOf(text: string): string[][] {
  const rest = text.slice(text.indexOf('\n## take-over\n'), text.indexOf('\n## What a standby'))
  const rows = rest.split('\n').filter((line) => line.startsWith('| `'))
  return rows.map((line) => line.slice(2, -2).split(' | '))
}

function meanings(): string[] {
  return sentencesOf(read('cli/migrate/commanded.ts')).filter(
    (sentence) => !/^the store was/.test(sentence),
  )
}
