/**
 * What a setting of `serve` is: one row that the flag, the variable, the key in the configuration file, the help text,
 * the reference page and the reload are made from. Neighbours: groups/* (the rows), schema (all of them), resolve.
 */
import type { KeeperLimits } from '../../lib/index.ts'
import type { ProxyOptions } from '../../proxy/index.ts'
import { printable, printableJson } from '../znode/printable.ts'

/** The value that a setting has in this process, whoever gave it. */
export type Get = <T>(setting: Setting<T>) => T

/** Keys of a configuration file of ZooKeeper that together make one setting, with their values. */
export type Parts = ReadonlyMap<string, string>

export interface Setting<T> {
  /**
   * The flag without its dashes, and the key in the configuration file. The variable is ANYKEEPER_ and the name in upper
   * case, with _ for -. Kubernetes sets such variables for a Service called anykeeper (ANYKEEPER_PORT,
   * ANYKEEPER_ADMIN_PORT_80_TCP): a name must not end with "port" and not contain "service-".
   */
  readonly name: string
  /** Placeholder of the value, such as "<host:port>". Absent: a switch, true or false in the file and the variable. */
  readonly value?: string
  /** All values that it can have, where they are words of a list: shells complete them. */
  readonly choices?: readonly string[]
  /** One line for --help and the reference page. */
  readonly text: string
  /** @throws {InvalidArgumentError} with a sentence that says what is expected. It must not repeat a secret. */
  parse(text: string): T
  /** The value if nobody gives one; absent: undefined. */
  readonly default?: T
  /** A default that depends on other settings, instead of `default`. */
  derive?(get: Get): T
  /** How the default is shown. Needed where it is derived, or no text or number. */
  readonly defaultText?: string
  /** A value as text, where String would not do: for derived defaults. */
  format?(value: T): string
  /** ZooKeeper's names in zoo.cfg and as system properties, without "zookeeper.". One may end with *. */
  readonly zookeeper?: readonly string[]
  /** Converts a value of ZooKeeper where units or meaning differ; undefined: this value is ZooKeeper's "not set". */
  fromZookeeper?(text: string): string | undefined
  /** Instead, where several keys of ZooKeeper make one value, such as clientPort and clientPortAddress. */
  joinZookeeper?(parts: Parts): string | undefined
  /**
   * Never printed. There is a twin that names a file with the value: --<name>-file, ANYKEEPER_<NAME>_FILE and the key
   * <name>-file. Given as a flag it is taken, with a warning.
   */
  readonly secret?: boolean
  /** ZooKeeper's names for the file with a secret. */
  readonly zookeeperFile?: readonly string[]
  /** What may be printed of a value that holds a secret, such as a URL with a password. It has a twin, too. */
  shown?(text: string): string
  /** Whether a value of these holds a secret. Absent: one that is not printed as it is. */
  holdsSecret?(text: string): boolean
  /** SIGHUP takes a new value. */
  readonly reload?: boolean
  /** Limits of the library that it sets. */
  keeper?(value: T): Partial<KeeperLimits>
  /** Options of the proxy that it sets. */
  proxy?(value: T): Partial<ProxyOptions>
}

export type AnySetting = Setting<unknown>

/** The settings of one topic, in the order of the help. */
export interface Group {
  /** Heading of the help and of the reference page. */
  readonly title: string
  readonly settings: readonly AnySetting[]
  /** Looks at several settings together. @returns what is wrong, a sentence each */
  check?(get: Get): readonly string[]
}

export const variableOf = ({ name }: Pick<AnySetting, 'name'>): string =>
  `ANYKEEPER_${name.toUpperCase().replaceAll('-', '_')}`

export const hasTwin = ({ secret, shown }: AnySetting): boolean =>
  secret === true || shown !== undefined

/** What may be printed of a value, in one line. */
export function shownText(setting: AnySetting, text: string): string {
  if (setting.secret === true) return '…'
  const shown = setting.shown?.(text) ?? text
  return printable(shown) === shown ? shown : printableJson(JSON.stringify(shown))
}
