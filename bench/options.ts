/** The command line of the bench. Neighbours: main, suites (their defaults). */
import { parseArgs } from 'node:util'
import { findLoad } from './load/loads.ts'
import { PEERS } from './peers/peers.ts'

export interface Options {
  readonly suite: string
  /** As given; a suite has defaults for what is not. */
  readonly rounds: number | undefined
  readonly seconds: number | undefined
  readonly loads: readonly string[] | undefined
  readonly peers: readonly string[] | undefined
  readonly sizes: readonly number[] | undefined
  /** Unit MiB. */
  readonly zookeeperHeapMib: number | undefined
  readonly profileFolder: string | undefined
  /** Another checkout or build of anykeeper: its dist/ is what the peer `base` runs. */
  readonly baseFolder: string | undefined
  /** Small and short: to see that everything works, not to measure. */
  readonly quick: boolean
  /** Into bench/results.md and docs/. */
  readonly write: boolean
  readonly help: boolean
}

const settings = {
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  only: { type: 'string' },
  peers: { type: 'string' },
  sizes: { type: 'string' },
  'zookeeper-heap': { type: 'string' },
  profile: { type: 'string' },
  base: { type: 'string' },
  quick: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

function number(name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0) || !Number.isFinite(value)) {
    throw new TypeError(`--${name}: "${text}" is not a number above 0`)
  }
  return value
}

function list(text: string | undefined): string[] | undefined {
  return text?.split(',').map((part) => part.trim())
}

/** @throws {TypeError} on what it does not know. */
export function parseOptions(args: readonly string[], suites: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: settings,
    allowPositionals: true,
  })
  const [suite = 'loads', ...more] = positionals
  if (more.length > 0 || !suites.includes(suite)) {
    throw new TypeError(`"${positionals.join(' ')}" is none of the suites: ${suites.join(', ')}`)
  }
  const loads = list(values.only)
  for (const load of loads ?? []) findLoad(load)
  const peers = list(values.peers)
  const unknown = peers?.find((peer) => !Object.hasOwn(PEERS, peer))
  if (unknown !== undefined) throw new TypeError(`there is no peer "${unknown}"`)
  if (values.quick && values.write) {
    throw new TypeError('--quick measures nothing that is worth writing down: leave out --write')
  }
  const optional = (name: 'rounds' | 'seconds' | 'zookeeper-heap') =>
    values[name] === undefined ? undefined : number(name, values[name])
  const rounds = optional('rounds')
  return {
    suite,
    rounds: rounds === undefined ? undefined : Math.ceil(rounds),
    seconds: optional('seconds'),
    loads,
    peers,
    sizes: list(values.sizes)?.map((size) => Math.round(number('sizes', size))),
    zookeeperHeapMib: optional('zookeeper-heap'),
    profileFolder: values.profile,
    baseFolder: values.base,
    quick: values.quick,
    write: values.write,
    help: values.help,
  }
}
