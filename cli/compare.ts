/** `anykeeper compare`: flags → the server that serves clients and compares two ZooKeepers. */
import { Command, InvalidArgumentError } from 'commander'
import { pino } from 'pino'
import type { ClientTls } from '../lib/index.ts'
import { type CompareReport, CompareServer, type Endpoint } from '../proxy/index.ts'
import { clientTlsOf, givenTlsFlags } from './client-tls.ts'
import { flag, listenFlag, logLevelFlag, maxFrameBytesFlag, UsageError } from './flags.ts'
import { parseListen, parsePositive, shownAddress } from './settings/parse.ts'
import { unavailablePort, unusableFile } from './unusable.ts'
import { SIGNALS } from './znode/interrupt.ts'

interface CompareFlags {
  readonly listen: Endpoint
  readonly candidate: Side
  readonly oracle: Side
  readonly tlsCa?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly report?: string
  readonly grace: number
  readonly maxFrameBytes: number
  readonly logLevel: string
  readonly allowUnchecked?: true
}

/** A server as its URL names it. */
interface Side extends Endpoint {
  readonly isSecure: boolean
}

function parseZk(text: string): Side {
  const match = /^(zks?):\/\/([^/]+)\/?$/.exec(text)
  if (match === null) throw new InvalidArgumentError('expected zk://host:port or zks://host:port.')
  return { ...parseListen(match[2]!), isSecure: match[1] === 'zks' }
}

/** One set of certificates for both sides. @throws {UsageError} */
function tlsOf({ candidate, oracle, tlsCa, tlsCert, tlsKey }: CompareFlags): ClientTls {
  const files = { ca: tlsCa, cert: tlsCert, key: tlsKey }
  const [given] = givenTlsFlags('tls-', files)
  if (given !== undefined && !candidate.isSecure && !oracle.isSecure) {
    throw new UsageError(`${given} is for servers over zks:// only`)
  }
  return clientTlsOf('tls-', files)
}

const endpointOf = ({ host, port, isSecure }: Side, tls: ClientTls): Endpoint => ({
  host,
  port,
  ...(isSecure && { tls }),
})

const EXIT_INCOMPLETE = 3
const EXIT_CODES = `Exit codes:
  0  everything was compared, and no difference found
  1  a difference, also if only suspect; or compare failed
  2  bad usage
  3  no difference found, but nothing was compared, or not everything (see --allow-unchecked)`

export function compareCommand(): Command {
  return new Command('compare')
    .summary('serve clients from one ZooKeeper and compare it with another')
    .description(
      'Serve ZooKeeper clients from one server and compare its replies and watch events with ' +
        'those of another. SIGTERM, SIGINT or SIGHUP ends it with a summary, and a second one without.',
    )
    .addOption(listenFlag())
    .addOption(
      flag(
        '--candidate <url>',
        'serve clients from this server: zk://host:port, or zks:// over TLS',
        'CANDIDATE',
      )
        .makeOptionMandatory()
        .argParser(parseZk),
    )
    .addOption(
      flag('--oracle <url>', 'compare with this server: a real ZooKeeper', 'ORACLE')
        .makeOptionMandatory()
        .argParser(parseZk),
    )
    .addOption(
      flag('--tls-ca <file>', 'verify servers over zks:// with these authorities, PEM', 'TLS_CA'),
    )
    .addOption(flag('--tls-cert <file>', 'show them this certificate, PEM', 'TLS_CERT'))
    .addOption(flag('--tls-key <file>', 'key of the certificate, PEM', 'TLS_KEY'))
    .addOption(
      flag(
        '--report <file>',
        'write differences and the summary there, too, as JSON lines',
        'REPORT',
      ),
    )
    .addOption(
      flag('--grace <ms>', 'wait this long for an event of the other side', 'GRACE')
        .default(3_000)
        .argParser(parsePositive),
    )
    .option(
      '--allow-unchecked',
      'end with 0 although some requests or events were not compared; none at all is still 3',
    )
    .addOption(maxFrameBytesFlag())
    .addOption(logLevelFlag())
    .allowExcessArguments(false)
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(compare)
}

/** Runs until SIGTERM or SIGINT; for its exit code see `EXIT_CODES`. */
async function compare(flags: CompareFlags): Promise<void> {
  const logger = pino({ level: flags.logLevel })
  const { listen, candidate, oracle, report } = flags
  const tls = tlsOf(flags)
  const file = report === undefined ? undefined : reportTo(report)
  const server = await CompareServer.listen(
    {
      ...listen,
      candidate: endpointOf(candidate, tls),
      oracle: endpointOf(oracle, tls),
      graceMs: flags.grace,
      frameBytesMax: flags.maxFrameBytes,
    },
    logger,
    file,
  ).catch((error: unknown) => {
    throw unavailablePort(error, { '--listen': listen })
  })
  let stopping = false
  const stop = () => {
    // A second signal does not wait for what is in flight, and ends without a summary.
    if (stopping) process.exit(1)
    stopping = true
    server.close().then(
      () => {
        process.stdout.write(`anykeeper compare: ${server.report.summary}\n`)
        process.exit(exitCodeOf(server.report, flags))
      },
      (error: unknown) => {
        logger.error({ err: error }, 'not stopped cleanly')
        process.exit(1)
      },
    )
  }
  for (const signal of SIGNALS) process.on(signal, stop)
  process.stdout.write(
    `anykeeper compare ready on ${shownAddress(listen.host, server.port)} ` +
      `(candidate ${candidate.host}:${candidate.port}, oracle ${oracle.host}:${oracle.port})\n`,
  )
}

/** @throws {UsageError} it cannot be written */
function reportTo(file: string) {
  try {
    return pino(pino.destination({ dest: file, sync: true }))
  } catch (error) {
    throw new UsageError(unusableFile('--report', file, error))
  }
}

function exitCodeOf(report: CompareReport, { allowUnchecked }: CompareFlags): number {
  if (report.hasDifferences) return 1
  const isEnough = report.isComplete || (allowUnchecked === true && report.counts.requests > 0)
  if (!isEnough) process.stderr.write('error: not everything was compared: see the summary\n')
  return isEnough ? 0 : EXIT_INCOMPLETE
}
