/** `anykeeper serve`: flags → store → keeper → proxy; SIGTERM stops them in reverse order. */
import cluster from 'node:cluster'
import { Command } from 'commander'
import { pino } from 'pino'
import { checkStoreUrl, openStore } from '../adapters/index.ts'
import {
  ACL_SCHEMES_DEFAULT,
  Keeper,
  type Logger,
  type MetadataStore,
  StoreError,
} from '../lib/internal.ts'
import { ProxyServer } from '../proxy/index.ts'
import { EXIT_USAGE, shownAddress, UsageError, warningsOf } from './flags.ts'
import { growSmallHeap } from './heap.ts'
import { adviseHeap, guardHeap } from './memory-start.ts'
import { reportOf } from './settings/check-config.ts'
import { addSettings, type CommandLine, commandLineOf } from './settings/command.ts'
import { saslUsers, superDigest } from './settings/groups/authentication.ts'
import { listen } from './settings/groups/clients.ts'
import { logLevel } from './settings/groups/logging.ts'
import { memorySoftLimit } from './settings/groups/memory.ts'
import * as storeSettings from './settings/groups/store.ts'
import { secureOf } from './settings/groups/tls.ts'
import { workers } from './settings/groups/workers.ts'
import { loadSettings } from './settings/load.ts'
import type { Resolved } from './settings/resolve.ts'
import { GROUPS } from './settings/schema.ts'
import { shownUrl } from './settings/shown-url.ts'
import { stayAlive } from './stay-alive.ts'
import { announce, superviseWorkers, workerNumber } from './workers.ts'

export function serveCommand(): Command {
  const command = new Command('serve')
    .summary('serve ZooKeeper clients from a store')
    .description('Serve ZooKeeper clients from a store: files, etcd, Redis or memory.')
  return addSettings(command, GROUPS)
    .allowExcessArguments(false)
    .action((_flags, self: Command) => serve(commandLineOf(self, GROUPS)))
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

/** `--check-config`: prints the settings, the warnings and all errors. */
async function checkConfig(settings: Resolved): Promise<void> {
  const found = await checkStoreUrl(settings.values.get(storeSettings.store)).then(
    () => [],
    (error: unknown) => [error instanceof Error ? error.message : String(error)],
  )
  const { out, err } = reportOf({ ...settings, problems: [...settings.problems, ...found] })
  process.stdout.write(`${out.join('\n')}\n`)
  for (const line of err) process.stderr.write(`${line}\n`)
  if (found.length + settings.problems.length > 0) process.exitCode = EXIT_USAGE
}

async function serve({ isCheck, ...start }: CommandLine): Promise<void> {
  const settings = loadSettings(GROUPS, { ...start, env: process.env })
  if (isCheck) return checkConfig(settings)
  const { values, problems, warnings } = settings
  if (problems.length > 0) throw new UsageError(problems.join('\nerror: '))
  const { get } = values
  const worker = workerNumber()
  const logger = pino({ level: get(logLevel) }).child(worker === 0 ? {} : { worker })
  if (worker === 0) for (const warning of warnings) logger.warn({}, warning)
  const storeUrl = get(storeSettings.store)
  const prefix = get(storeSettings.prefix)
  const url = shownUrl(storeUrl)
  const { host, port } = get(listen)
  if (get(workers) > 1 && cluster.isPrimary) return superviseWorkers(get(workers), logger)
  growSmallHeap()
  // Until it exits: while it stops, no client's socket is left.
  stayAlive()
  const memory = guardHeap(get(memorySoftLimit), logger)
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

  store = await untilReachable('store not reachable', url, logger, () => openStore(storeUrl))
  const opened = store
  if (worker > 0 && !opened.features.shared) {
    throw new UsageError(
      `--workers ${get(workers)}: ${url} can be used by one process only: omit --workers`,
    )
  }
  for (const warning of warningsOf(opened)) logger.warn({ store: url }, warning)
  const digest = get(superDigest)
  const secure = secureOf(get)
  const whatFits = { url, prefix, store: opened, memory }
  const opening = untilReachable('store not readable', url, logger, () => {
    memory.beginLoad()
    return Keeper.open({
      store: opened,
      memory,
      prefix,
      address: `${host}:${port}`,
      logger,
      limits: values.keeper,
      aclSchemes: new Set([
        ...ACL_SCHEMES_DEFAULT,
        ...(get(saslUsers).size === 0 ? [] : ['sasl']),
        ...(secure === undefined ? [] : ['x509']),
      ]),
      ...(digest === undefined ? {} : { superDigest: digest }),
      acceptDamagedTree: get(storeSettings.acceptDamagedTree),
    })
  })
  keeper = await opening.catch((error: unknown) => adviseHeap(error, whatFits))
  const serving = keeper
  memory.serve(() => serving.replica.tree)
  proxy = await ProxyServer.listen(keeper, {
    worker,
    ...values.proxy,
    secure,
    storeName: url,
    memory,
  })
  const where = [shownAddress(host, proxy.port)]
  if (proxy.securePort >= 0)
    where.push(`TLS on ${shownAddress(secure?.host ?? host, proxy.securePort)}`)
  announce(`anykeeper ready on ${where.join(', ')} (store ${url})`)
}
