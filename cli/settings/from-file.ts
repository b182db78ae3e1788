/**
 * The configuration file: name=value lines as in zoo.cfg and Java's properties. Keys are ours or ZooKeeper's, those with
 * or without "zookeeper." in front. Neighbours: zookeeper-keys (keys that are no settings), resolve.
 */

import { Properties } from 'properties-file/parser'
import { reasonOf } from '../../lib/internal.ts'
import { reasonInWords } from '../unusable.ts'
import { type Given, type Origin, type Source, settingsOf } from './given.ts'
import { nearest } from './nearest.ts'
import { readSecret, readText } from './read-file.ts'
import { type AnySetting, type Group, hasTwin } from './setting.ts'
import { judgeZookeeperKey, matches, ZOOKEEPER_KEYS } from './zookeeper-keys.ts'

/** One line. */
interface Entry {
  readonly key: string
  /** Without "zookeeper." in front. */
  readonly name: string
  readonly value: string
  readonly line: number
}

type Meaning =
  | { readonly setting: AnySetting; readonly kind: 'ours' | 'zookeeper' | 'file' }
  | undefined

/** A value as our setting takes it. */
interface Candidate {
  readonly entry: Entry
  readonly text: string
}

const PREFIX = 'zookeeper.'
/** Of one file. */
const PROBLEMS_MAX = 50
/** Of a key in a message. */
const SHOWN_KEY_LENGTH = 80

export function fromFile(groups: readonly Group[], file: string): Source {
  try {
    return fromText(groups, file, readText(file))
  } catch (error) {
    const problem = `the configuration file ${file} cannot be read: ${reasonInWords(error)}`
    return { given: new Map(), problems: [problem], warnings: [] }
  }
}

/** @param file its name, for errors */
export function fromText(groups: readonly Group[], file: string, text: string): Source {
  let entries: readonly Entry[]
  try {
    entries = parse(text)
  } catch (error) {
    return { given: new Map(), problems: [`${file}: ${reasonOf(error)}`], warnings: [] }
  }
  return new FileReader(groups, file).read(entries)
}

function parse(text: string): Entry[] {
  return new Properties(text).nodes.flatMap((node) => {
    if (node.type !== 'property') return []
    const { key, startingLineNumber: line } = node
    const name = key.startsWith(PREFIX) ? key.slice(PREFIX.length) : key
    return [{ key, name, value: node.value.trim(), line }]
  })
}

class FileReader {
  readonly #groups: readonly Group[]
  readonly #file: string
  readonly #problems: string[] = []
  readonly #warnings: string[] = []

  constructor(groups: readonly Group[], file: string) {
    this.#groups = groups
    this.#file = file
  }

  read(entries: readonly Entry[]): Source {
    const seen = new Map<string, Entry>()
    const ofSetting = new Map<AnySetting, Entry[]>()
    for (const entry of entries) {
      if (this.#problems.length >= PROBLEMS_MAX) {
        this.#problem(entry, 'not read any further, after so many errors')
        break
      }
      const first = seen.get(entry.name)
      if (first !== undefined) {
        this.#problem(entry, `the key stands in line ${first.line} already: remove one of the two`)
        continue
      }
      seen.set(entry.name, entry)
      const meaning = this.#meaningOf(entry)
      if (meaning === undefined) this.#judge(entry)
      else ofSetting.set(meaning.setting, [...(ofSetting.get(meaning.setting) ?? []), entry])
    }
    const given = new Map<AnySetting, Given>()
    for (const [setting, found] of ofSetting) {
      const one = this.#agree(setting, found)
      if (one !== undefined) given.set(setting, one)
    }
    return { given, problems: this.#problems, warnings: this.#warnings }
  }

  #meaningOf({ key, name }: Entry): Meaning {
    const settings = settingsOf(this.#groups)
    const ours = settings.find((setting) => setting.name === key)
    if (ours !== undefined) return { setting: ours, kind: 'ours' }
    const twin = settings.find((setting) => hasTwin(setting) && `${setting.name}-file` === key)
    if (twin !== undefined) return { setting: twin, kind: 'file' }
    const file = settings.find((setting) => setting.zookeeperFile?.includes(name))
    if (file !== undefined) return { setting: file, kind: 'file' }
    const exact = settings.find((setting) => setting.zookeeper?.includes(name))
    const theirs = exact ?? settings.find((s) => s.zookeeper?.some((known) => matches(known, name)))
    return theirs === undefined ? undefined : { setting: theirs, kind: 'zookeeper' }
  }

  /** No setting. */
  #judge(entry: Entry): void {
    const verdict = judgeZookeeperKey(entry.name, entry.value)
    if (verdict?.kind === 'ignored') {
      this.#warnings.push(`${this.#place(entry)} is ignored: ${verdict.why}`)
    } else if (verdict?.kind === 'refused') this.#problem(entry, verdict.why)
    else {
      const meant = nearest(entry.name, this.#known())
      const hint = meant === undefined ? 'see --help for the names' : `did you mean ${meant}?`
      this.#problem(entry, `there is no such setting, and ZooKeeper has none: ${hint}`)
    }
  }

  #known(): string[] {
    const names = settingsOf(this.#groups).flatMap((setting) => [
      setting.name,
      ...(hasTwin(setting) ? [`${setting.name}-file`] : []),
      ...(setting.zookeeper ?? []).filter((known) => !known.endsWith('*')),
      ...(setting.zookeeperFile ?? []),
    ])
    return [...names, ...ZOOKEEPER_KEYS]
  }

  /** All lines that set it must say the same. */
  #agree(setting: AnySetting, entries: readonly Entry[]): Given | undefined {
    const candidates = this.#candidates(setting, entries)
    const first = candidates[0]
    if (first === undefined) return undefined
    const other = candidates.find(({ text }) => text !== first.text)
    if (other !== undefined) {
      this.#problem(
        other.entry,
        `another value than that of ${first.entry.key} in line ${first.entry.line}, which is the same setting: remove one of the two`,
      )
      return undefined
    }
    return { text: first.text, origin: this.#origin(first.entry) }
  }

  #candidates(setting: AnySetting, entries: readonly Entry[]): Candidate[] {
    const found: Candidate[] = []
    const add = (entry: Entry, convert: () => string | undefined) => {
      try {
        const text = convert()
        if (text !== undefined) found.push({ entry, text })
      } catch (error) {
        this.#problem(entry, reasonOf(error))
      }
    }
    const parts: Entry[] = []
    for (const entry of entries) {
      const kind = this.#meaningOf(entry)?.kind
      if (kind === 'ours') add(entry, () => entry.value)
      else if (kind === 'file') add(entry, () => readSecret(entry.value))
      else if (setting.joinZookeeper !== undefined) parts.push(entry)
      else add(entry, () => (setting.fromZookeeper ?? String)(entry.value))
    }
    if (parts[0] !== undefined) {
      const texts = new Map(parts.map(({ name, value }) => [name, value]))
      add(parts[0], () => setting.joinZookeeper?.(texts))
    }
    return found
  }

  #origin(entry: Entry): Origin {
    return {
      kind: 'file',
      shown: `${this.#file}:${entry.line}`,
      complaint: (shownValue) =>
        `${this.#place(entry)}${shownValue === undefined ? '' : `=${shownValue}`}:`,
    }
  }

  #place({ key, line }: Entry): string {
    const isPlain = /^[\w.-]+$/.test(key)
    const shown = (isPlain ? key : JSON.stringify(key)).slice(0, SHOWN_KEY_LENGTH)
    return `${this.#file}:${line}: ${shown}`
  }

  #problem(entry: Entry, what: string): void {
    this.#problems.push(`${this.#place(entry)}: ${what}`)
  }
}
