/**
 * Completion by the Tab key: words of the shell, flags, and paths, also below a parent with 100,000 children. Neighbours:
 * words, shell.
 */
import type { ZooKeeper } from '../../lib/index.ts'
import { printable } from '../znode/printable.ts'
import type { Verb } from '../znode/verb.ts'
import { quoted, type Word, wordsSoFar } from './words.ts'

/** What replaces the text at the end of the line: several are offered. */
export type Completion = readonly [hits: string[], text: string]

/** Of more only some are shown, and how many there are. */
const SHOWN_MAX = 50
/** The terminal takes no key meanwhile, not even Ctrl-C. Unit ms. */
export const COMPLETION_MS_MAX = 1_000
/** What is typed there is completed from names that are so old. Unit ms. */
const FRESH_MS = 5_000

export interface CompletionOptions {
  readonly verbs: ReadonlyMap<string, Verb>
  /** Of the shell itself. */
  readonly ownWords: readonly string[]
  client(): ZooKeeper
  resolve(path: string): string
}

export class PathCompletion {
  readonly #options: CompletionOptions
  #cached:
    | { readonly parent: string; readonly names: readonly string[]; readonly untilMs: number }
    | undefined

  constructor(options: CompletionOptions) {
    this.#options = options
  }

  /** After a command the tree may be another one. */
  forget(): void {
    this.#cached = undefined
  }

  /** Never rejects: what cannot be read completes to nothing. */
  async complete(line: string): Promise<Completion> {
    const words = wordsSoFar(line)
    const isNew = /(^|\s)$/.test(line) && (words.at(-1)?.open ?? '') === ''
    const last: Word = isNew ? { text: '', start: line.length, open: '' } : (words.at(-1) as Word)
    const typed = line.slice(last.start)
    if (words[0] === undefined || words[0] === last) return [this.#names(last.text), typed]
    if (last.text.startsWith('-')) return [this.#flags(words[0].text, last.text), typed]
    return [await this.#paths(last).catch(() => []), typed]
  }

  #names(begin: string): string[] {
    const { verbs, ownWords } = this.#options
    return [...verbs.keys(), ...ownWords]
      .filter((name) => name.startsWith(begin))
      .sort()
      .map((name) => `${name} `)
  }

  #flags(name: string, begin: string): string[] {
    const { options = [] } = this.#options.verbs.get(name) ?? {}
    const flags = ['--json', '--help', ...options.map(({ long }) => long ?? '')]
    return flags.filter((flag) => flag.startsWith(begin)).map((flag) => `${flag} `)
  }

  async #paths({ text, open }: Word): Promise<string[]> {
    const slash = text.lastIndexOf('/') + 1
    const [folder, begin] = [text.slice(0, slash), text.slice(slash)]
    const parent = this.#options.resolve(folder)
    const names = beginningWith(await this.#childrenOf(parent), begin)
    const typed = (name: string): string => quoted(`${folder}${name}`, open)
    if (names.length === 0) return []
    if (names.length === 1) return [await this.#whole(parent, names[0] as string, typed, open)]
    const common = commonStart(names[0] as string, names.at(-1) as string)
    // Sorted, so what the first and the last have in common all of them have.
    if (common.length > begin.length) return [typed(common)]
    const shown = names.slice(0, SHOWN_MAX).map((name) => printable(typed(name)))
    const more = names.length - shown.length
    return more > 0 ? [...shown, `${typed(begin)}… (${more} more)`] : shown
  }

  /** The only one: a slash behind it if it has children, otherwise the word is complete. */
  async #whole(
    parent: string,
    name: string,
    typed: (name: string) => string,
    open: Word['open'],
  ): Promise<string> {
    const path = parent === '/' ? `/${name}` : `${parent}/${name}`
    const stat = await this.#options.client().exists(path)
    return (stat?.numChildren ?? 0) > 0 ? `${typed(name)}/` : `${typed(name)}${open} `
  }

  async #childrenOf(parent: string): Promise<readonly string[]> {
    const nowMs = performance.now()
    if (this.#cached?.parent === parent && nowMs < this.#cached.untilMs) return this.#cached.names
    const { children } = await this.#options.client().getChildren(parent)
    // What a terminal would obey cannot be typed either.
    const names = children.filter((name) => printable(name) === name).sort()
    this.#cached = { parent, names, untilMs: nowMs + FRESH_MS }
    return names
  }
}

/** Of sorted names. */
function beginningWith(names: readonly string[], begin: string): readonly string[] {
  const from = firstFrom(names, begin)
  let to = from
  while (to < names.length && (names[to] as string).startsWith(begin)) to++
  return names.slice(from, to)
}

function firstFrom(names: readonly string[], begin: string): number {
  let low = 0
  let high = names.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((names[middle] as string) < begin) low = middle + 1
    else high = middle
  }
  return low
}

function commonStart(a: string, b: string): string {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return a.slice(0, length)
}
