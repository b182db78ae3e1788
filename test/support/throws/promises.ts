/** What the docstrings of the package’s door say that a call throws, one error at a time. Neighbour: table. */
import ts from 'typescript'

const options: ts.CompilerOptions = {
  ...{ target: ts.ScriptTarget.ES2022, lib: ['lib.es2023.d.ts'], types: ['node'] },
  ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  ...{ allowImportingTsExtensions: true, noEmit: true, strict: true, skipLibCheck: true },
}

/** `Mutex.acquire ZK_NO_AUTH`, `Mutex.new TypeError`, `Mutex.acquire reason` (that of a signal), of what is exported by `door` and declared in `folder`. */
export function promisesOf(door: string, folder: string): string[] {
  const program = ts.createProgram([door], options)
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(door) as ts.SourceFile)
  const found = new Set<string>()
  for (const exported of checker.getExportsOfModule(module as ts.Symbol)) {
    const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0
    const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported
    for (const [name, one] of [
      [exported.name, symbol] as const,
      ...membersOf(exported.name, symbol),
    ])
      for (const declaration of one.declarations ?? []) {
        if (!declaration.getSourceFile().fileName.includes(folder)) continue
        for (const error of errorsOf(declaration)) found.add(`${name} ${error}`)
      }
  }
  return [...found]
}

function membersOf(name: string, { members, exports, flags }: ts.Symbol): [string, ts.Symbol][] {
  const statics = (flags & ts.SymbolFlags.Class) === 0 ? [] : [...(exports ?? [])]
  return [...(members ?? []), ...statics]
    .filter(([, member]) => !member.getJsDocTags().some((tag) => tag.name === 'internal'))
    .map(([key, member]) => [
      `${name}.${key === ts.InternalSymbolName.Constructor ? 'new' : member.name}`,
      member,
    ])
}

function errorsOf(declaration: ts.Node): string[] {
  return ts
    .getJSDocTags(declaration)
    .filter(({ tagName }) => tagName.text === 'throws')
    .flatMap((tag) => errorsIn(tag.getText().replaceAll(/\s+\*?\s*/g, ' ')))
}

/** The errors that such a text names: codes, classes that are no ZnodeError, and the reasons of signals. */
export function errorsIn(text: string): string[] {
  const codes = text.match(/\b(?:ZK|STORE|CHANGES)_[A-Z_]*[A-Z]/g) ?? []
  const classes = [...text.matchAll(/\{(TypeError|RangeError|CodecError|Error)\}/g)]
  const reason = /the signal’s reason|the signal's reason|reason of/.test(text) ? ['reason'] : []
  return [...codes, ...classes.map(([, name]) => name as string), ...reason]
}
