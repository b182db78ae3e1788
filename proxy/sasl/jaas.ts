/**
 * A JAAS file, as Java reads it: what stands in a comment is no option, and what stands in quotes is no comment.
 * Source: sun.security.provider.ConfigFile, java.io.StreamTokenizer. Neighbour: users.
 */

/** White space and comments; a line that begins with # is taken for one, which Java does not. */
const SKIPPED = /(?:[\0-\x20\ufeff]|\/\/[^\r\n]*|\/\*[\s\S]*?\*\/|#[^\r\n]*)+/y
const WORD = /[\w$*.\-\xa0-\uffff]+/y
const QUOTED = /"((?:[^"\\\r\n]|\\[^\r\n])*)"|'((?:[^'\\\r\n]|\\[^\r\n])*)'/y
const ESCAPES: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
}

type Option = readonly [key: string, value: string]

interface Token {
  readonly text: string
  /** A word or a quoted text; otherwise one of `{ } = ;`. */
  readonly isText: boolean
  readonly line: number
}

/** Options of all entries by section, in order. @throws {Error} it is no JAAS file: with the line, and never with what stands there */
export function jaasSections(text: string): Map<string, Option[]> {
  const tokens = tokensOf(text)
  const sections = new Map<string, Option[]>()
  let at = 0
  const is = (mark: string): boolean => tokens[at]?.isText === false && tokens[at]?.text === mark
  const fail = (expected: string): never => {
    const { line } = tokens[at] ?? { line: undefined }
    const place = line === undefined ? 'at the end of the file' : `line ${line}`
    throw new Error(`SASL users: ${place}: expected ${expected}`)
  }
  const mark = (expected: string): void => {
    if (!is(expected)) fail(`"${expected}"`)
    at++
  }
  const word = (expected: string): string => {
    const token = tokens[at]
    if (token?.isText !== true) return fail(expected)
    at++
    return token.text
  }
  while (at < tokens.length) {
    const name = word('the name of a section')
    if (sections.has(name)) fail(`one section ${JSON.stringify(name)} only`)
    const options: Option[] = []
    mark('{')
    while (!is('}')) {
      word('the class of a login module')
      word('required, requisite, sufficient or optional')
      while (!is(';')) {
        const key = word('the name of an option')
        mark('=')
        options.push([key, word('a value')])
      }
      mark(';')
    }
    mark('}')
    mark(';')
    sections.set(name, options)
  }
  return sections
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  let line = 1
  for (let at = 0; at < text.length; ) {
    const match = (pattern: RegExp): RegExpExecArray | null => {
      pattern.lastIndex = at
      return pattern.exec(text)
    }
    const skipped = match(SKIPPED)?.[0]
    if (skipped !== undefined) {
      at += skipped.length
      line += skipped.split('\n').length - 1
      continue
    }
    const quoted = match(QUOTED)
    const found = quoted?.[0] ?? match(WORD)?.[0] ?? /^[{}=;]/.exec(text.charAt(at))?.[0]
    if (found === undefined) {
      throw new Error(`SASL users: line ${line}: a character that cannot stand there`)
    }
    const inside = quoted === null ? found : unescaped(quoted[1] ?? quoted[2] ?? '')
    tokens.push({ text: inside, isText: quoted !== null || !/^[{}=;]$/.test(found), line })
    at += found.length
  }
  return tokens
}

const unescaped = (text: string): string =>
  text.replace(/\\([0-3][0-7]{2}|[0-7]{1,2}|[\s\S])/g, (_all, code: string) =>
    /^[0-7]/.test(code) ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPES[code] ?? code),
  )
