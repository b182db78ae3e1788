/** The flags of every command that reads or writes znodes: where, as whom, for how long. Neighbour: target. */
import { type Command, Option } from 'commander'
import { flag, maxFrameBytesFlag, prefixFlag } from '../flags.ts'
import { whole } from '../settings/parse.ts'

export interface ConnectionFlags {
  readonly server: string
  readonly prefix: string
  /** `scheme:auth`, unchecked. */
  readonly auth: readonly string[]
  /** A file with the same, one a line. */
  readonly authFile?: string
  readonly timeout: number
  readonly sessionTimeout: number
  readonly maxFrameBytes: number
  readonly json?: true
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly insecure?: true
}

const TIMEOUT_MS = 15_000
const SESSION_TIMEOUT_MS = 30_000
const TIMEOUT_MS_MAX = 86_400_000

/** Looked at when the target is opened: commander would repeat what is wrong, and it may be a password. */
const collect = (text: string, known: readonly string[] = []): string[] => [...known, text]

const GROUP = 'Connection:'

/** Adds them, and `--json`. */
export function addConnectionFlags(command: Command): Command {
  const ms = whole(1, TIMEOUT_MS_MAX)
  const options = [
    flag(
      '--server <url>',
      'zk://host:port[,host:port…][/chroot] (the scheme may be left out), zks:// over TLS, or a store: file:<folder>, ' +
        'etcd://host:port, redis://host:port',
      'SERVER',
    ).default('zk://127.0.0.1:2181'),
    flag(
      '--auth <scheme:auth>',
      'prove this identity, e.g. digest:user:password; may be repeated',
      'AUTH',
    )
      .default([], 'none')
      .argParser(collect),
    flag(
      '--auth-file <file>',
      'prove the identities in this file, one a line, which other users of the machine cannot see',
      'AUTH_FILE',
    ),
    flag('--timeout <ms>', 'of connecting, and of each request', 'TIMEOUT')
      .default(TIMEOUT_MS)
      .argParser(ms),
    flag('--session-timeout <ms>', 'of the session', 'SESSION_TIMEOUT')
      .default(SESSION_TIMEOUT_MS)
      .argParser(ms),
    prefixFlag(),
    maxFrameBytesFlag(),
    new Option('--ca <file>', 'zks://: authorities of the server, PEM'),
    new Option('--cert <file>', 'zks://: certificate of this client, PEM'),
    new Option('--key <file>', 'zks://: its key, PEM'),
    new Option('--insecure', 'zks://: take any server for the right one'),
  ]
  command.addOption(new Option('--json', 'results as JSON, one value a line'))
  for (const option of options) command.addOption(option.helpGroup(GROUP))
  return command
}
