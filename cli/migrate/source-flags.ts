/** Flags that name the source, the ensemble that is moved: its servers, and what they want of whoever follows them. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  type ClientTls,
  parseServerUrl,
  SOURCE_SID,
  type SourceFeedOptions,
} from '../../lib/internal.ts'
import { type ClientTlsFiles, clientTlsOf, givenTlsFlags } from '../client-tls.ts'
import { UsageError } from '../flags.ts'
import { type HostPort, parseListen, whole } from '../settings/parse.ts'
import { readText } from '../settings/read-file.ts'
import { unusableFile } from '../unusable.ts'

export interface SourceFlags {
  readonly source: readonly HostPort[]
  readonly quorum?: readonly HostPort[]
  readonly quorumCa?: string
  readonly quorumCert?: string
  readonly quorumKey?: string
  readonly quorumServerName?: string
  readonly quorumUser?: string
  readonly quorumPasswordFile?: string
  readonly sourceCa?: string
  readonly sourceCert?: string
  readonly sourceKey?: string
  readonly serverId?: number
}

/** Of a server; the ids of members go up to 255. */
const SERVER_ID_MAX = 254

export function withSourceFlags(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--source <host:port,…>',
        'client addresses of the ZooKeeper servers; the port is 2181 unless given',
      )
        .makeOptionMandatory()
        .argParser(parseServers),
    )
    .addOption(
      new Option(
        '--quorum <host:port,…>',
        'their quorum addresses, if they cannot be found: host:2888 of each, or observerMasterPort',
      ).argParser(parseQuorum),
    )
    .option('--quorum-ca <file>', 'TLS between the servers: their authority, PEM')
    .option('--quorum-cert <file>', 'TLS between the servers: our certificate and chain, PEM')
    .option('--quorum-key <file>', 'TLS between the servers: its key, PEM')
    .option('--quorum-server-name <name>', 'the name in their certificates, if not the host')
    .option('--quorum-user <name>', 'SASL DIGEST-MD5 between the servers: the name')
    .option('--quorum-password-file <file>', 'its password: the first line of this file')
    .option('--source-ca <file>', 'TLS of the client ports: their authority, PEM')
    .option('--source-cert <file>', 'TLS of the client ports: our certificate and chain, PEM')
    .option('--source-key <file>', 'TLS of the client ports: its key, PEM')
    .addOption(
      new Option(
        '--server-id <n>',
        `the id that we claim, which no member has (default: ${SOURCE_SID} and below)`,
      ).argParser(whole(1, SERVER_ID_MAX)),
    )
}

/** @throws {UsageError} flags that belong together, or a file that cannot be read */
export function sourceOptions(
  flags: SourceFlags,
): Pick<SourceFeedOptions, 'servers' | 'quorum' | 'tls' | 'clientTls' | 'sasl' | 'sid'> {
  const { source, quorum, serverId, quorumServerName } = flags
  const tls = tlsOf('quorum-', {
    ca: flags.quorumCa,
    cert: flags.quorumCert,
    key: flags.quorumKey,
  })
  const clientTls = tlsOf('source-', {
    ca: flags.sourceCa,
    cert: flags.sourceCert,
    key: flags.sourceKey,
  })
  const sasl = saslOf(flags)
  if (quorumServerName !== undefined && tls === undefined) {
    throw new UsageError('--quorum-server-name goes with --quorum-ca or --quorum-cert')
  }
  return {
    servers: source,
    ...(quorum !== undefined && { quorum }),
    ...(tls !== undefined && {
      tls: { ...tls, ...(quorumServerName !== undefined && { serverName: quorumServerName }) },
    }),
    ...(clientTls !== undefined && { clientTls }),
    ...(sasl !== undefined && { sasl }),
    ...(serverId !== undefined && { sid: serverId }),
  }
}

/** undefined: without TLS, or with Node's own authorities. */
function tlsOf(prefix: string, files: ClientTlsFiles): ClientTls | undefined {
  return givenTlsFlags(prefix, files).length === 0 ? undefined : clientTlsOf(prefix, files)
}

function saslOf({ quorumUser, quorumPasswordFile }: SourceFlags): SourceFeedOptions['sasl'] {
  if (quorumUser === undefined && quorumPasswordFile === undefined) return undefined
  if (quorumUser === undefined || quorumPasswordFile === undefined) {
    throw new UsageError('--quorum-user and --quorum-password-file go together')
  }
  const [password = ''] = passwordsOf(quorumPasswordFile).split(/\r?\n/, 1)
  if (password === '') {
    throw new UsageError(
      `--quorum-password-file ${quorumPasswordFile} has no password in its first line`,
    )
  }
  return { user: quorumUser, password }
}

function passwordsOf(file: string): string {
  try {
    return readText(file)
  } catch (error) {
    throw new UsageError(unusableFile('--quorum-password-file', file, error))
  }
}

function parseServers(text: string): readonly HostPort[] {
  try {
    const { servers, chroot } = parseServerUrl(`zk://${text}`)
    if (chroot === '') return servers
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError('expected HOST[:PORT], by commas, without a chroot.')
}

function parseQuorum(text: string): readonly HostPort[] {
  return text.split(',').map((address) => parseListen(address.trim()))
}
