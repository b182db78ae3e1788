/** The snippets of docs/library.md compile against the public names, one after the other as a reader meets them. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import ts from 'typescript'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(`${root}docs/library.md`, 'utf8')

/** What the first snippet does not import, and the others use. */
const PROLOGUE = "import { EVENT, LeaderLatch, Mutex, ZnodeError } from 'anykeeper'\n"

/** Problems of a module with this text, as if it stood in examples/. */
function problemsOf(text: string): string[] {
  const path = `${root}examples/guide.mts`
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists } = host
  host.fileExists = (name) => name === path || fileExists(name)
  host.getSourceFile = (name, version, ...rest) => {
    if (name !== path) return getSourceFile(name, version, ...rest)
    return ts.createSourceFile(name, text, version)
  }
  const program = ts.createProgram([path], { ...options, noEmit: true }, host)
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

describe('docs/library.md', function () {
  this.timeout(180_000)

  it('has snippets that compile', () => {
    const snippets = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code)
    expect(snippets).to.have.length.above(4)
    expect(problemsOf(`${PROLOGUE}${snippets.join('\n')}\n`)).to.deep.equal([])
  })

  it('finds a snippet that does not', () => {
    const wrong = "import { Keeper } from 'anykeeper'\nawait Keeper.open('memory:')\n"
    expect(problemsOf(wrong)).to.have.length(1)
  })
})
