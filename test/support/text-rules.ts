/** What no file of the project may contain or be called. */
import { wordViolations } from './word-rules.ts'

export interface TextFile {
  path: string
  text: string
}

const linesMax = 500
/** Of code: a second responsibility begins before. */
const codeLinesMax = 400

/** Longer ones, each with the reason. */
const longFiles: Record<string, string> = {
  'package-lock.json': 'written by npm',
  'site/package-lock.json': 'written by npm',
  'deploy/helm/anykeeper/files/dashboard.json': 'written by scripts/lib/dashboard.ts',
  'test/unit/lib/protocol/wire/expected-exchanges.ts': 'a table',
}

/** Tools that take their configuration, or a class, by default export. */
const defaultExports = new Set(['scripts/lib/reporter.mjs'])

/** The suites of mocha, and what follows the dot in the one that a commit must not have. */
const onlyCall = /\b(?:describe|context|suite|it|specify|test)\.only\b/

const kebabCase = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|bench|config|d))?\.[a-z]+$/

// Put together from parts, so that this file does not find itself.
const marks = new RegExp(`\\b(?:${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')})\\b`)
const machinePath = new RegExp(`(?<![\\w.$}-])/(?:${['work', 'root', 'home', 'Users'].join('|')})/`)
const registryHost = new RegExp(
  ['registry\\.npmjs', 'repo1?\\.maven', 'proxy\\.golang', 'deb\\.debian'].join('|'),
  'i',
)

/** One line for each thing that is wrong. */
export function textViolations({ path, text }: TextFile): string[] {
  const problems: string[] = []
  const lines = text.split('\n')
  const isCode = /\.(?:ts|mjs|js|cjs)$/.test(path)
  const max = isCode ? codeLinesMax : linesMax
  if (lines.length > max + 1 && longFiles[path] === undefined) {
    problems.push(`${lines.length} lines, more than ${max}`)
  }
  if (isCode) problems.push(...codeProblems(path, text))
  for (const [index, line] of lines.entries()) {
    if (isCode && marks.test(line)) problems.push(`line ${index + 1}: unfinished`)
    if (isCode && onlyCall.test(line)) problems.push(`line ${index + 1}: only some tests`)
    if (machinePath.test(line)) problems.push(`line ${index + 1}: a path of one machine`)
    if (registryHost.test(line)) problems.push(`line ${index + 1}: a registry's host`)
  }
  problems.push(...wordViolations(path, text))
  return problems.map((problem) => `${path}: ${problem}`)
}

function codeProblems(path: string, text: string): string[] {
  const problems: string[] = []
  if (!kebabCase.test(path.split('/').at(-1)!)) problems.push('the name is not kebab-case')
  const hasDefault = /^export default\b|^export \{[^}]*\bdefault\b/m.test(text)
  const isConfiguration = path.endsWith('.config.ts') || path.endsWith('.config.mjs')
  if (hasDefault && !isConfiguration && !defaultExports.has(path)) {
    problems.push('a default export')
  }
  return problems
}
