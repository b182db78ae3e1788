/** `anykeeper serve`: flags → store → keeper → proxy; SIGTERM stops them in reverse order. */
import cluster from 'node:cluster'
import { readFileSync } from 'node:fs'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { pino } from 'pino'
import { openStore } from '../adapters/index.ts'
import {
  ACL_SCHEMES_DEFAULT,
  Keeper,
  type Logger,
  type MetadataStore,
  StoreError,
} from '../lib/internal.ts'
import { FOUR_LETTER_WORDS, ProxyServer, parseSaslUsers, WORDS_OFF } from '../proxy/index.ts'
import { addBounds, boundsOf } from './bounds.ts'
import {
  EXIT_USAGE,
  flag,
  listenFlag,
  logLevelFlag,
  maxFrameBytesFlag,
  parsePositive,
  prefixFlag,
  shownAddress,
  shownUrl,
  storeFlag,
  UsageError,
  warningsOf,
} from './flags.ts'
import { growSmallHeap } from './heap.ts'
import { adviseHeap, guardHeap, memoryFlag } from './memory-start.ts'
import { stayAlive } from './stay-alive.ts'
import { announce, parseWorkers, superviseWorkers, workerNumber } from './workers.ts'

interface ServeFlags {
  readonly listen: { readonly host: string; readonly port: number }
  readonly store: string
  readonly prefix: string
  readonly tickTime: number
  readonly minSessionTimeout?: number
  readonly maxSessionTimeout?: number
  readonly maxFrameBytes: number
  readonly superDigest?: string
  readonly acceptDamagedTree?: boolean
  readonly journalFormat: string
  readonly enforceQuota?: boolean
  readonly etcdMaintenance?: boolean
  readonly fourLetterWords?: readonly string[]
  readonly logLevel: string
  readonly workers: number
  readonly saslUsers?: ReadonlyMap<string, string>
  readonly saslSuperUser?: string
  readonly memorySoftLimit: number
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
    throw new InvalidArgumentError(`unknown word "${unknown}". Known words: ${known}; * for all.`)
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

export function serveCommand(): Command {
  const command = new Command('serve')
    .summary('serve ZooKeeper clients from a store')
    .description('Serve ZooKeeper clients from a store: files, etcd, Redis or memory.')
    .addOption(listenFlag())
    .addOption(storeFlag().default('file:./data'))
    .addOption(prefixFlag())
    .addOption(
      flag(
        '--tick-time <ms>',
        'base the limits of session timeouts on this (tickTime)',
        'TICK_TIME',
      )
        .default(3_000)
        .argParser(parsePositive),
    )
    .addOption(
      flag(
        '--min-session-timeout <ms>',
        'grant no shorter session timeout (default: 2 × tick time)',
        'MIN_SESSION_TIMEOUT',
      ).argParser(parsePositive),
    )
    .addOption(
      flag(
        '--max-session-timeout <ms>',
        'grant no longer session timeout (default: 20 × tick time)',
        'MAX_SESSION_TIMEOUT',
      ).argParser(parsePositive),
    )
    .addOption(maxFrameBytesFlag())
    .addOption(
      flag(
        '--super-digest <digest>',
        'let this digest user pass every ACL: user:base64(sha1("user:password"))',
        'SUPER_DIGEST',
      ).argParser(parseDigest),
    )
    .addOption(
      flag(
        '--accept-damaged-tree',
        'start even if records of znodes are missing or head is: what is there is served',
        'ACCEPT_DAMAGED_TREE',
      ),
    )
    .addOption(
      flag(
        '--enforce-quota',
        'refuse what goes beyond the hard limits of quotas (enforceQuota)',
        'ENFORCE_QUOTA',
      ),
    )
    .addOption(
      flag(
        '--etcd-maintenance',
        'compact, defragment and disarm etcd when its space quota needs it (root only)',
        'ETCD_MAINTENANCE',
      ),
    )
    .addOption(
      flag(
        '--journal-format <n>',
        'while this proxy lives, all write journal entries of this format: 2 for 0.1.0',
        'JOURNAL_FORMAT',
      )
        .default('3')
        .choices(['2', '3']),
    )
    .addOption(
      flag(
        '--four-letter-words <list>',
        `answer these words, comma-separated; * for all (default: all but ${WORDS_OFF.join(', ')})`,
        'FOUR_LETTER_WORDS',
      ).argParser(parseWords),
    )
    .addOption(
      flag(
        '--sasl-users <file>',
        'authenticate SASL DIGEST-MD5 users of this file: JAAS, or user=password lines',
        'SASL_USERS',
      ).argParser(readSaslUsers),
    )
    .addOption(
      flag('--sasl-super-user <name>', 'let this SASL user pass every ACL', 'SASL_SUPER_USER'),
    )
    .addOption(
      flag(
        '--workers <n>',
        'serve from this many processes behind one port (etcd, Redis)',
        'WORKERS',
      )
        .default(1)
        .argParser(parseWorkers),
    )
  command.addOption(memoryFlag())
  return addBounds(command).addOption(logLevelFlag()).allowExcessArguments(false).action(serve)
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A server whose store is full serves as soon as there is space. Other errors of a folder need somebody to act. */
const isFull = ({ code }: StoreError): boolean => code === 'STORE_NO_SPACE'

/** Retries while the store is unreachable or full; logs the endpoint and the reason. */
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
      const isPassing = error instanceof StoreError && (error.retriable || isFull(error))
      if (!isPassing) throw error
      logger.warn({ store: url, tries, reason: error.message }, `${what}, trying again`)
      await sleep(Math.min(250 * 2 ** Math.min(tries, 4), 3_000))
    }
  }
}

async function serve(flags: ServeFlags): Promise<void> {
  const worker = workerNumber()
  const logger = pino({ level: flags.logLevel }).child(worker === 0 ? {} : { worker })
  const url = shownUrl(flags.store)
  const minTimeout = flags.minSessionTimeout ?? 2 * flags.tickTime
  const maxTimeout = flags.maxSessionTimeout ?? 20 * flags.tickTime
  if (minTimeout > maxTimeout) {
    throw new CommanderError(
      EXIT_USAGE,
      'anykeeper.timeouts',
      `error: --min-session-timeout ${minTimeout} is above --max-session-timeout ${maxTimeout}: ` +
        'lower the one or raise the other',
    )
  }
  if (flags.workers > 1 && cluster.isPrimary) return superviseWorkers(flags.workers, logger)
  growSmallHeap()
  // Until it exits: while it stops, no client's socket is left.
  stayAlive()
  const bounds = boundsOf(flags)
  const memory = guardHeap(flags.memorySoftLimit, logger)
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

  store = await untilReachable('store not reachable', url, logger, () =>
    openStore(flags.store, { logger }),
  )
  const opened = store
  if (worker > 0 && !opened.features.shared) {
    throw new UsageError(
      `--workers ${flags.workers}: ${url} can be used by one process only: omit --workers`,
    )
  }
  for (const warning of warningsOf(opened)) logger.warn({ store: url }, warning)
  const proxyTtlMs = Math.min(6_000, Math.max(2_000, minTimeout))
  const whatFits = { url, prefix: flags.prefix, store: opened, memory }
  const opening = untilReachable('store not readable', url, logger, () => {
    memory.beginLoad()
    return Keeper.open({
      store: opened,
      memory,
      prefix: flags.prefix,
      address: `${flags.listen.host}:${flags.listen.port}`,
      logger,
      limits: {
        tickTimeMs: flags.tickTime,
        sessionTimeoutMsMin: minTimeout,
        sessionTimeoutMsMax: maxTimeout,
        proxyTtlMs,
        enforceQuota: flags.enforceQuota === true,
        storeMaintenance: flags.etcdMaintenance === true,
        journalFormatMax: flags.journalFormat === '2' ? 2 : 3,
        storeSilenceMsMax: Math.floor((proxyTtlMs * 2) / 3),
        loadPageBytes: memory.pageBytes,
        ...bounds.keeper,
      },
      ...(flags.saslUsers === undefined
        ? {}
        : { aclSchemes: new Set([...ACL_SCHEMES_DEFAULT, 'sasl']) }),
      ...(flags.superDigest === undefined ? {} : { superDigest: flags.superDigest }),
      acceptDamagedTree: flags.acceptDamagedTree === true,
    })
  })
  keeper = await opening.catch((error: unknown) => adviseHeap(error, whatFits))
  const serving = keeper
  memory.serve(() => serving.replica.tree)
  proxy = await ProxyServer.listen(keeper, {
    worker,
    host: flags.listen.host,
    port: flags.listen.port,
    frameBytesMax: flags.maxFrameBytes,
    ...bounds.proxy,
    ...(flags.saslUsers === undefined ? {} : { saslUsers: flags.saslUsers }),
    storeName: url,
    memory,
    saslSuperUser: flags.saslSuperUser,
    ...(flags.fourLetterWords === undefined ? {} : { fourLetterWords: flags.fourLetterWords }),
  })
  const where = shownAddress(flags.listen.host, proxy.port)
  announce(`anykeeper ready on ${where} (store ${url})`)
}
