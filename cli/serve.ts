/** `anykeeper serve`: flags → store → keeper → proxy; SIGTERM stops them in reverse order. */
import cluster from 'node:cluster'
import { Command } from 'commander'
import { pino } from 'pino'
import { openStore } from '../adapters/index.ts'
import { Keeper, type Logger, type MetadataStore, StoreError } from '../lib/index.ts'
import { ProxyServer } from '../proxy/index.ts'
import { auditFailedStart, openAudit } from './audit.ts'
import { openSchemes } from './authentication.ts'
import { shownAddress, UsageError, warningsOf } from './flags.ts'
import { growSmallHeap } from './heap.ts'
import { adviseHeap, guardHeap } from './memory-start.ts'
import { addSettings, givenFlags } from './settings/command.ts'
import { fromFlags, fromVariables } from './settings/given.ts'
import { listen } from './settings/groups/clients.ts'
import { logLevel } from './settings/groups/logging.ts'
import { memorySoftLimit } from './settings/groups/memory.ts'
import * as storeSettings from './settings/groups/store.ts'
import { workers } from './settings/groups/workers.ts'
import { resolve } from './settings/resolve.ts'
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
    .action((_flags, self: Command) =>
      serve(givenFlags(self, GROUPS)).catch(async (error: unknown) => {
        await auditFailedStart()
        throw error
      }),
    )
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

async function serve(flags: ReadonlyMap<string, string>): Promise<void> {
  const sources = [fromFlags(GROUPS, flags), fromVariables(GROUPS, process.env)]
  const { values, problems, warnings } = resolve(GROUPS, sources)
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
  const schemes = await openSchemes(get, logger)
  const audit = openAudit(get, logger)
  const memory = guardHeap(get(memorySoftLimit), logger)
  let stopping = false
  let keeper: Keeper | undefined
  let proxy: ProxyServer | undefined
  let store: MetadataStore | undefined
  const stop = (signal: string) => {
    if (stopping) return
    stopping = true
    logger.info({ signal }, 'stopping')
    audit?.trail.serverStopping()
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
    await audit?.file.close()
    logger.info({}, 'stopped')
  }
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))
  if (audit !== undefined) process.on('SIGHUP', () => audit.file.reopen())

  store = await untilReachable('store not reachable', url, logger, () => openStore(storeUrl))
  const opened = store
  if (worker > 0 && !opened.features.shared) {
    throw new UsageError(
      `--workers ${get(workers)}: ${url} can be used by one process only: omit --workers`,
    )
  }
  for (const warning of warningsOf(opened)) logger.warn({ store: url }, warning)
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
      ...schemes.keeper,
      acceptDamagedTree: get(storeSettings.acceptDamagedTree),
    })
  })
  keeper = await opening.catch((error: unknown) => adviseHeap(error, whatFits))
  const serving = keeper
  memory.serve(() => serving.replica.tree)
  proxy = await ProxyServer.listen(keeper, {
    worker,
    ...values.proxy,
    storeName: url,
    memory,
    authProviders: schemes.providers,
    audit: audit?.trail,
  })
  audit?.trail.serverStarted('success')
  const where = shownAddress(host, proxy.port)
  announce(`anykeeper ready on ${where} (store ${url})`)
}
