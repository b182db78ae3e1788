/** What a command of ZooKeeper's AdminServer is here. Neighbours: routes (answers with it), the tables of commands. */
import type { ProxyHost } from '../../../host.ts'

/** Fields of the answer, in their order. Values as jsonPieces takes them. */
export type Fields = Readonly<Record<string, unknown>>

/** The command has no meaning here, or cannot be carried out: a sentence that says why. */
export class CommandError extends Error {}

export interface CommandInput {
  readonly query: URLSearchParams
  /** Of a POST: a JSON object. */
  readonly body: Readonly<Record<string, unknown>>
}

export interface Command {
  /** The first one is what the answer calls it. */
  readonly names: readonly [string, ...string[]]
  /** It changes something, or shows what others store: only those that the guard lets pass. */
  readonly isGuarded?: boolean
  /** Its answer grows with clients, sessions or watches. */
  readonly isLong?: boolean
  /** @default GET */
  readonly method?: 'POST'
  /** Also while nobody is served. */
  readonly isAlwaysAnswered?: boolean
  /** @throws {CommandError} */
  run(host: ProxyHost, input: CommandInput): Fields | Promise<Fields>
}
