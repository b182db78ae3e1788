#!/usr/bin/env node
/**
 * The command line: the only file that knows both the adapters and the proxy. Flags and environment
 * → store → keeper → proxy, and back down again on SIGTERM.
 */
import { readFileSync } from 'node:fs'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { pino } from 'pino'
import { openStore } from './adapters/index.ts'
import {
  ACL_SCHEMES_DEFAULT,
  isKeeperError,
  Keeper,
  type Logger,
  type MetadataStore,
  StoreError,
} from './lib/index.ts'
import {
  CompareServer,
  type Endpoint,
  FOUR_LETTER_WORDS,
  ProxyServer,
  parseSaslUsers,
} from './proxy/index.ts'

const EXIT_USAGE = 2

interface ServeFlags {
  readonly listen: { readonly host: string; readonly port: number }
  readonly store: string
  readonly prefix: string
  readonly tickTime: number
  readonly minSessionTimeout?: number
  readonly maxSessionTimeout?: number
  readonly maxFrameBytes: number
  readonly superDigest?: string
  readonly fourLetterWords?: readonly string[]
  readonly logLevel: string
  readonly saslUsers?: ReadonlyMap<string, string>
  readonly saslSuperUser?: string
}

function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    throw new InvalidArgumentError('expected HOST:PORT, e.g. 127.0.0.1:2181 or [::1]:2181.')
  }
  return { host: match[1] ?? match[2] ?? '', port }
}

function parsePositive(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1 || value > 0x7fffffff) {
    throw new InvalidArgumentError('expected a whole number above 0.')
  }
  return value
}

function parsePrefix(text: string): string {
  if (!/^\/[^\0]*[^/\0]$/.test(text)) {
    throw new InvalidArgumentError('expected a path that starts with "/" and does not end with it.')
  }
  return text
}

function parseDigest(text: string): string {
  if (!/^[^:]+:[A-Za-z0-9+/]{27}=$/.test(text)) {
    throw new InvalidArgumentError('expected user:base64(sha1("user:password")).')
  }
  return text
}

function parseWords(text: string): string[] {
  const words = text.split(',').map((word) => word.trim())
  const unknown = words.find((word) => word !== '*' && !FOUR_LETTER_WORDS.has(word))
  if (unknown !== undefined) {
    const known = [...FOUR_LETTER_WORDS].join(', ')
    throw new InvalidArgumentError(`there is no word "${unknown}", but ${known} and *.`)
  }
  return words
}

function readSaslUsers(file: string): ReadonlyMap<string, string> {
  try {
    return parseSaslUsers(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error))
  }
}

const flag = (flags: string, description: string, env: string): Option =>
  new Option(flags, description).env(`ANYKEEPER_${env}`)

function serveCommand(): Command {
  return new Command('serve')
    .description('serve ZooKeeper clients from a metadata store')
    .addOption(
      flag('--listen <host:port>', 'where clients connect', 'LISTEN')
        .default(parseListen('127.0.0.1:2181'), '127.0.0.1:2181')
        .argParser(parseListen),
    )
    .addOption(
      flag(
        '--store <url>',
        'file:<folder>, etcd://host:port[,host:port…] or memory:',
        'STORE',
      ).default('file:./data'),
    )
    .addOption(
      flag('--prefix <path>', 'where everything lies in the store', 'PREFIX')
        .default('/anykeeper')
        .argParser(parsePrefix),
    )
    .addOption(
      flag('--tick-time <ms>', 'unit of session timeouts', 'TICK_TIME')
        .default(3_000)
        .argParser(parsePositive),
    )
    .addOption(
      flag('--min-session-timeout <ms>', 'default: 2 × tick time', 'MIN_SESSION_TIMEOUT').argParser(
        parsePositive,
      ),
    )
    .addOption(
      flag(
        '--max-session-timeout <ms>',
        'default: 20 × tick time',
        'MAX_SESSION_TIMEOUT',
      ).argParser(parsePositive),
    )
    .addOption(
      flag('--max-frame-bytes <n>', 'longest packet taken (jute.maxbuffer)', 'MAX_FRAME_BYTES')
        .default(0xfffff)
        .argParser(parsePositive),
    )
    .addOption(
      flag(
        '--super-digest <d>',
        'user:base64(sha1("user:password")) that passes every ACL',
        'SUPER_DIGEST',
      ).argParser(parseDigest),
    )
    .addOption(
      flag(
        '--four-letter-words <list>',
        'comma-separated; * for all (default: those that change nothing)',
        'FOUR_LETTER_WORDS',
      ).argParser(parseWords),
    )
    .addOption(
      flag(
        '--sasl-users <file>',
        'SASL DIGEST-MD5 users: a JAAS file, or user=password lines',
        'SASL_USERS',
      ).argParser(readSaslUsers),
    )
    .addOption(
      flag('--sasl-super-user <name>', 'this SASL user passes every ACL', 'SASL_SUPER_USER'),
    )
    .addOption(
      flag('--log-level <level>', 'debug, info, warn, error or silent', 'LOG_LEVEL')
        .default('info')
        .choices(['debug', 'info', 'warn', 'error', 'silent']),
    )
    .allowExcessArguments(false)
    .action(serve)
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Keeps trying while the store cannot be reached; says which endpoint and why. */
async function untilReachable<T>(
  what: string,
  url: string,
  logger: Logger,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof StoreError) || !error.retriable) throw error
      logger.warn({ store: url, tries, reason: error.message }, `${what}, trying again`)
      await sleep(Math.min(250 * 2 ** Math.min(tries, 4), 3_000))
    }
  }
}

/** Without a password that may stand in it. */
function shown(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//…@')
}

/** What an adapter found worth saying when it opened its store, such as a version too old. */
function warningsOf({ warnings = [] }: MetadataStore & { warnings?: readonly string[] }) {
  return warnings
}

async function serve(flags: ServeFlags): Promise<void> {
  const logger = pino({ level: flags.logLevel })
  const url = shown(flags.store)
  const minTimeout = flags.minSessionTimeout ?? 2 * flags.tickTime
  const maxTimeout = flags.maxSessionTimeout ?? 20 * flags.tickTime
  if (minTimeout > maxTimeout) {
    throw new CommanderError(
      EXIT_USAGE,
      'anykeeper.timeouts',
      `error: --min-session-timeout ${minTimeout} is above --max-session-timeout ${maxTimeout}`,
    )
  }
  let stopping = false
  let keeper: Keeper | undefined
  let proxy: ProxyServer | undefined
  let store: MetadataStore | undefined
  const stop = (signal: string) => {
    if (stopping) return
    stopping = true
    logger.info({ signal }, 'stopping')
    shutDown().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'not stopped cleanly')
        process.exit(1)
      },
    )
  }
  const shutDown = async () => {
    await proxy?.close()
    await keeper?.close()
    await store?.close()
    logger.info({}, 'stopped')
  }
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))

  store = await untilReachable('store not reachable', url, logger, () => openStore(flags.store))
  const opened = store
  for (const warning of warningsOf(opened)) logger.warn({ store: url }, warning)
  const proxyTtlMs = Math.min(6_000, Math.max(2_000, minTimeout))
  keeper = await untilReachable('store not readable', url, logger, () =>
    Keeper.open({
      store: opened,
      prefix: flags.prefix,
      address: `${flags.listen.host}:${flags.listen.port}`,
      logger,
      limits: {
        tickTimeMs: flags.tickTime,
        sessionTimeoutMsMin: minTimeout,
        sessionTimeoutMsMax: maxTimeout,
        proxyTtlMs,
        storeSilenceMsMax: Math.floor((proxyTtlMs * 2) / 3),
      },
      ...(flags.saslUsers === undefined
        ? {}
        : { aclSchemes: new Set([...ACL_SCHEMES_DEFAULT, 'sasl']) }),
      ...(flags.superDigest === undefined ? {} : { superDigest: flags.superDigest }),
    }),
  )
  proxy = await ProxyServer.listen(keeper, {
    host: flags.listen.host,
    port: flags.listen.port,
    frameBytesMax: flags.maxFrameBytes,
    ...(flags.saslUsers === undefined ? {} : { saslUsers: flags.saslUsers }),
    saslSuperUser: flags.saslSuperUser,
    ...(flags.fourLetterWords === undefined ? {} : { fourLetterWords: flags.fourLetterWords }),
  })
  const { host } = flags.listen
  const where = `${host.includes(':') ? `[${host}]` : host}:${proxy.port}`
  process.stdout.write(`anykeeper ready on ${where} (store ${url})\n`)
}

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

function compareCommand(): Command {
  return new Command('compare')
    .description('serve ZooKeeper clients from one server and compare its answers with another')
    .addOption(
      flag('--listen <host:port>', 'where clients connect', 'LISTEN')
        .default(parseListen('127.0.0.1:2181'), '127.0.0.1:2181')
        .argParser(parseListen),
    )
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
    .addOption(
      flag('--max-frame-bytes <n>', 'longest packet taken (jute.maxbuffer)', 'MAX_FRAME_BYTES')
        .default(0xfffff)
        .argParser(parsePositive),
    )
    .addOption(
      flag('--log-level <level>', 'debug, info, warn, error or silent', 'LOG_LEVEL')
        .default('info')
        .choices(['debug', 'info', 'warn', 'error', 'silent']),
    )
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
  const shownHost = listen.host.includes(':') ? `[${listen.host}]` : listen.host
  process.stdout.write(
    `anykeeper compare ready on ${shownHost}:${server.port} ` +
      `(candidate ${candidate.host}:${candidate.port}, oracle ${oracle.host}:${oracle.port})\n`,
  )
}

const program = new Command('anykeeper')
  .description('ZooKeeper, on etcd')
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text) })
const serving = serveCommand().exitOverride().copyInheritedSettings(program)
program.addCommand(serving)
program.addCommand(compareCommand().exitOverride().copyInheritedSettings(program))

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    const help = error.code === 'commander.helpDisplayed' || error.code === 'commander.version'
    if (error.code === 'anykeeper.timeouts') process.stderr.write(`${error.message}\n`)
    process.exit(help ? 0 : EXIT_USAGE)
  }
  const usage = error instanceof StoreError && error.code === 'STORE_INVALID'
  const text = isKeeperError(error) || error instanceof Error ? error.message : String(error)
  process.stderr.write(`error: ${text}\n`)
  process.exit(usage ? EXIT_USAGE : 1)
}
