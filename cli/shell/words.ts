/** A line of the shell and its words: blanks separate, quotes and backslashes hold together. Neighbours: shell, completion. */
import { UsageError } from '../flags.ts'

/** How the word that is being typed began. */
export type Quote = '' | "'" | '"'

export interface Word {
  /** Without its quotes. */
  readonly text: string
  /** Where it begins in the line, its quote included. */
  readonly start: number
  /** The quote that is open at the end of the line. */
  readonly open: Quote
}

const BLANK = /\s/
/** Behind a backslash in double quotes, and what it means; any other character means itself. */
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }

/** The words as far as they are typed. */
export function wordsSoFar(line: string): readonly Word[] {
  const words: Word[] = []
  let text: string | undefined
  let start = 0
  let open: Quote = ''
  for (let i = 0; i < line.length; i++) {
    const one = line[i] as string
    if (open === '' && BLANK.test(one)) {
      if (text !== undefined) words.push({ text, start, open })
      text = undefined
      continue
    }
    if (text === undefined) {
      text = ''
      start = i
    }
    if (one === open) open = ''
    else if (open === '' && (one === "'" || one === '"')) open = one
    else if (one === '\\' && open !== "'") {
      i++
      const next = line[i] ?? ''
      text += (open === '"' ? ESCAPES[next] : undefined) ?? next
    } else text += one
  }
  if (text !== undefined) words.push({ text, start, open })
  return words
}

/** @throws {UsageError} a quote is open */
export function wordsOf(line: string): string[] {
  const words = wordsSoFar(line)
  const { open = '' } = words.at(-1) ?? {}
  if (open !== '') throw new UsageError(`the quote ${open} is not closed`)
  return words.map(({ text }) => text)
}

/** As it must be typed to be one word, in the quotes that are open, without closing them. */
export function quoted(text: string, open: Quote): string {
  if (open === "'") return `'${text.replaceAll("'", `'\\''`)}`
  if (open === '"') return `"${text.replace(/["\\]/g, '\\$&')}`
  return text.replace(/[\s'"\\]/g, '\\$&')
}
