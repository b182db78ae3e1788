/** Walks what a module exports with the compiler, and lists what a caller would hover over without reading anything. */
import ts from 'typescript'

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  allowImportingTsExtensions: true,
  noEmit: true,
  strict: true,
  skipLibCheck: true,
  types: ['node', 'mocha'],
}

/** `file: name` of each export without a docstring, and `file: name.member` of each member. */
export function namesWithoutText(files: readonly string[]): string[] {
  const program = ts.createProgram([...files], options)
  const checker = program.getTypeChecker()
  const lines = new Set<string>()
  for (const file of files) {
    const source = program.getSourceFile(file)
    if (source === undefined) throw new Error(`no such door: ${file}`)
    const module = checker.getSymbolAtLocation(source)
    if (module === undefined) throw new Error(`${file} exports nothing`)
    for (const exported of checker.getExportsOfModule(module)) {
      for (const line of check(exported, checker)) lines.add(line)
    }
  }
  return [...lines]
}

function check(exported: ts.Symbol, checker: ts.TypeChecker): string[] {
  const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0
  const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported
  const file = symbol.declarations?.[0]?.getSourceFile().fileName
  const line = (name: string): string => `${file}: ${name}`
  const members = membersOf(symbol).filter((member) => !hasText(member, checker))
  return [
    ...(hasText(symbol, checker) ? [] : [line(exported.name)]),
    ...members.map((member) => line(`${exported.name}.${member.name}`)),
  ]
}

/** Own ones, of classes, interfaces and aliases of one object type. */
function membersOf(symbol: ts.Symbol): ts.Symbol[] {
  const statics = (symbol.flags & ts.SymbolFlags.Class) !== 0 ? [...(symbol.exports ?? [])] : []
  const tables = [...(symbol.members ?? []), ...statics]
  for (const declaration of symbol.declarations ?? []) {
    if (!ts.isTypeAliasDeclaration(declaration)) continue
    if (!ts.isTypeLiteralNode(declaration.type)) continue
    for (const { symbol: member } of declaration.type.members as unknown as HasSymbol[]) {
      tables.push([member.escapedName, member])
    }
  }
  return tables.map(([, member]) => member).filter(isPublicMember)
}

interface HasSymbol {
  readonly symbol: ts.Symbol
}

function isPublicMember(member: ts.Symbol): boolean {
  const [declaration] = member.declarations ?? []
  if (declaration === undefined || member.name === 'prototype') return false
  if (ts.isTypeParameterDeclaration(declaration)) return false
  // Named by a symbol or private by its name; a constructor is what `new` shows of its class.
  if (/^(?:__#|__@)/.test(member.escapedName.toString())) return false
  if (member.escapedName === ts.InternalSymbolName.Constructor) return false
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Override
  if ((ts.getCombinedModifierFlags(declaration) & hidden) !== 0) return false
  return !member.getJsDocTags().some(({ name }) => name === 'internal')
}

/** Or a tag that says something: a bound, an error. */
function hasText(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  return (
    symbol.getDocumentationComment(checker).length > 0 || symbol.getJsDocTags(checker).length > 0
  )
}
