/** `anykeeper compare`: an application is served by one server, another is asked the same. */
import { Command, InvalidArgumentError } from 'commander'
import { pino } from 'pino'
import { CompareServer, type Endpoint } from '../proxy/index.ts'
import {
  flag,
  listenFlag,
  logLevelFlag,
  maxFrameBytesFlag,
  parseListen,
  parsePositive,
  shownAddress,
} from './flags.ts'

interface CompareFlags {
  readonly listen: Endpoint
  readonly candidate: Endpoint
  readonly oracle: Endpoint
  readonly report?: string
  readonly grace: number
  readonly maxFrameBytes: number
  readonly logLevel: string
}

function parseZk(text: string): Endpoint {
  const match = /^zk:\/\/([^/]+)\/?$/.exec(text)
  if (match === null) throw new InvalidArgumentError('expected zk://host:port.')
  return parseListen(match[1]!)
}

export function compareCommand(): Command {
  return new Command('compare')
    .description('serve ZooKeeper clients from one server and compare its answers with another')
    .addOption(listenFlag())
    .addOption(
      flag('--candidate <zk://host:port>', 'answers the clients', 'CANDIDATE')
        .makeOptionMandatory()
        .argParser(parseZk),
    )
    .addOption(
      flag('--oracle <zk://host:port>', 'is asked the same: a real ZooKeeper', 'ORACLE')
        .makeOptionMandatory()
        .argParser(parseZk),
    )
    .addOption(flag('--report <file>', 'differences also go here, one JSON a line', 'REPORT'))
    .addOption(
      flag('--grace <ms>', 'an event must come on both sides within this', 'GRACE')
        .default(3_000)
        .argParser(parsePositive),
    )
    .addOption(maxFrameBytesFlag())
    .addOption(logLevelFlag())
    .allowExcessArguments(false)
    .action(compare)
}

/** Until a signal comes. Exit code 0: no difference, 1: some. */
async function compare(flags: CompareFlags): Promise<void> {
  const logger = pino({ level: flags.logLevel })
  const { listen, candidate, oracle, report } = flags
  const file =
    report === undefined ? undefined : pino(pino.destination({ dest: report, sync: true }))
  const server = await CompareServer.listen(
    {
      ...listen,
      candidate,
      oracle,
      graceMs: flags.grace,
      frameBytesMax: flags.maxFrameBytes,
    },
    logger,
    file,
  )
  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    server.close().then(
      () => {
        process.stdout.write(`anykeeper compare: ${server.report.summary}\n`)
        process.exit(server.report.hasDifferences ? 1 : 0)
      },
      (error: unknown) => {
        logger.error({ err: error }, 'not stopped cleanly')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  process.stdout.write(
    `anykeeper compare ready on ${shownAddress(listen.host, server.port)} ` +
      `(candidate ${candidate.host}:${candidate.port}, oracle ${oracle.host}:${oracle.port})\n`,
  )
}
