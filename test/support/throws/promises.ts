/** What the docstrings of a door of the package say that a call throws, one error at a time. Neighbour: table. */
import { resolve } from 'node:path'
import ts from 'typescript'

const options: ts.CompilerOptions = {
  ...{ target: ts.ScriptTarget.ES2022, lib: ['lib.es2023.d.ts'], types: ['node'] },
  ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  ...{ allowImportingTsExtensions: true, noEmit: true, strict: true, skipLibCheck: true },
}

/**
 * `Mutex.acquire ZK_NO_AUTH`, `Mutex.new TypeError`, in the words of {@link errorsIn}, of what is exported by `given`, a door and declared in a
 * file that `isOf` takes.
 */
export function promisesOf(given: string, isOf: (file: string) => boolean): string[] {
  const found = new Set<string>()
  for (const { name, symbol, declaration } of declarationsOf(given, isOf)) {
    const inTags = ts
      .getJSDocTags(declaration)
      .filter(({ tagName }) => tagName.text === 'throws')
      .flatMap((tag) => errorsIn(onOneLine(tag.getText())))
    const prose = ts.displayPartsToString(symbol.getDocumentationComment(doorOf(given).checker))
    for (const error of [...inTags, ...errorsInProse(onOneLine(prose))]) {
      found.add(`${name} ${error}`)
    }
  }
  return [...found]
}

/** `Mutex.acquire`, `Mutex.new`: what takes an argument `options`, chosen as by {@link promisesOf}. */
export function takersOfOptions(given: string, isOf: (file: string) => boolean): string[] {
  const takers = declarationsOf(given, isOf).filter(({ name, declaration }) => {
    const isHidden = ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Private
    if (isHidden || name.includes('#') || !ts.isFunctionLike(declaration)) return false
    return declaration.parameters.some((one) => one.name.getText() === 'options')
  })
  return [...new Set(takers.map(({ name }) => name))]
}

interface Declared {
  readonly name: string
  readonly symbol: ts.Symbol
  readonly declaration: ts.Declaration
}

interface Door {
  readonly checker: ts.TypeChecker
  readonly declared: readonly Declared[]
}

const doors = new Map<string, Door>()

function doorOf(given: string): Door {
  const known = doors.get(given)
  if (known !== undefined) return known
  const door = resolve(given)
  const program = ts.createProgram([door], options)
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(door) as ts.SourceFile)
  const declared: Declared[] = []
  for (const exported of checker.getExportsOfModule(module as ts.Symbol)) {
    const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0
    const own = isAlias ? checker.getAliasedSymbol(exported) : exported
    for (const [name, symbol] of [
      [exported.name, own] as const,
      ...membersOf(exported.name, own),
    ]) {
      for (const declaration of symbol.declarations ?? []) {
        declared.push({ name, symbol, declaration })
      }
    }
  }
  const opened = { checker, declared }
  doors.set(given, opened)
  return opened
}

function declarationsOf(given: string, isOf: (file: string) => boolean): Declared[] {
  const { declared } = doorOf(given)
  return declared.filter(({ declaration }) => isOf(declaration.getSourceFile().fileName))
}

function membersOf(name: string, symbol: ts.Symbol): [string, ts.Symbol][] {
  const { members, exports, flags } = symbol
  const statics = (flags & ts.SymbolFlags.Class) === 0 ? [] : [...(exports ?? [])]
  return [...(members ?? []), ...statics]
    .filter(([, member]) => !member.getJsDocTags().some((tag) => tag.name === 'internal'))
    .map(([key, member]) => [
      `${name}.${key === ts.InternalSymbolName.Constructor ? 'new' : member.name}`,
      member,
    ])
}

const onOneLine = (text: string): string => text.replaceAll(/\s+\*?\s*/g, ' ')

const CODE = /\b(?:ZK|STORE|CHANGES|COPY|MIGRATE)_[A-Z_]*[A-Z]/g
/** Errors that come from below as they are. */
const FROM_BELOW = /the store's own|the opener throws|what `\w+` rejects with/
const OF_SYSTEM = /the file system's error/

/**
 * The errors that such a text names: codes; classes, where their codes are not named; `reason`, that of a signal; `own`, what comes
 * from below as it is; and `system`, one of the file system.
 */
export function errorsIn(text: string): string[] {
  const codes = text.match(CODE) ?? []
  const own = [
    ...(FROM_BELOW.test(text) ? ['own'] : []),
    ...(OF_SYSTEM.test(text) ? ['system'] : []),
  ]
  const reason = /the signal’s reason|the signal's reason|reason of/.test(text) ? ['reason'] : []
  const isSaid = codes.length + own.length > 0
  const classes = [...text.matchAll(/\{(\w+)\}/g)]
    .map(([, name]) => name as string)
    .filter((name) => !(isSaid && HAS_CODES.has(name)))
  return [...codes, ...classes, ...own, ...reason]
}

/** Those that a text names by their code, as a rule. */
const HAS_CODES = new Set(['ZnodeError', 'StoreError', 'CopyError', 'ChangesError', 'MigrateError'])

/** Those that a docstring names without a tag: in a sentence that says what is thrown. */
export function errorsInProse(text: string): string[] {
  return text
    .split(/(?<=\.) (?=[A-Z])/)
    .filter((sentence) => /\b(?:throws?|rejects?)\b/i.test(sentence))
    .flatMap(errorsIn)
}

/** Those of {@link errorsIn} that an error is, the most exact one first. `below`: what came from below. */
export function wordsOf(error: unknown, below?: unknown): string[] {
  const { code, errno, message } = error as { code?: unknown; errno?: unknown; message: string }
  if (message === 'reason') return ['reason']
  const names: string[] = []
  for (let at = error as object; at instanceof Error; at = Object.getPrototypeOf(at)) {
    names.push(at.constructor.name)
  }
  // Every error is one of the last of them.
  if (names.length > 1) names.pop()
  const own = error === below ? ['own'] : []
  const system = typeof errno === 'number' && /^E[A-Z]+$/.test(String(code)) ? ['system'] : []
  return [...own, ...system, ...(typeof code === 'string' ? [code] : []), ...names]
}
