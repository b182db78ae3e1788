/**
 * `anykeeper serve`: settings → store → keeper → proxy; SIGTERM stops them in reverse order, SIGHUP reloads settings.
 * Neighbours: settings/* (what they are), reload, workers.
 */

import cluster from 'node:cluster'
import { Command } from 'commander'
import type { Logger } from 'pino'
import { openStore } from '../adapters/index.ts'
import { Keeper, type MetadataStore } from '../lib/index.ts'
import { SourceGuard, serveWhileFollowing, withoutWaiting } from '../lib/internal.ts'
import { ProxyServer } from '../proxy/index.ts'
import { drained, openAdminPort } from './admin-port.ts'
import { auditFailedStart, openAudit } from './audit.ts'
import { openSchemes } from './authentication.ts'
import { EXIT_USAGE, UsageError, warningsOf } from './flags.ts'
import { isTerminalGone } from './hang-up.ts'
import { growSmallHeap } from './heap.ts'
import { LoadProgress } from './load-progress.ts'
import { logCounters, openLog } from './logger.ts'
import { adviseHeap, guardHeap } from './memory-start.ts'
import { Reload } from './reload.ts'
import { reportOf } from './settings/check-config.ts'
import { addSettings, type CommandLine, commandLineOf } from './settings/command.ts'
import { adminTlsOf } from './settings/groups/admin-tls.ts'
import { advertise, listen, maxFrameBytes } from './settings/groups/clients.ts'
import { logFormat, logLevel, maxLogBufferBytes } from './settings/groups/logging.ts'
import { memorySoftLimit } from './settings/groups/memory.ts'
import {
  ensembleAccess,
  serveWhileFollowing as following,
  sourceLook,
} from './settings/groups/migration.ts'
import { proxyTtl } from './settings/groups/sessions.ts'
import * as storeSettings from './settings/groups/store.ts'
import { secureListen, secureOf } from './settings/groups/tls.ts'
import { workerAnswerTimeout, workers } from './settings/groups/workers.ts'
import { loadSettings } from './settings/load.ts'
import { shownAddress } from './settings/parse.ts'
import type { Resolved, Values } from './settings/resolve.ts'
import { GROUPS } from './settings/schema.ts'
import { shownUrl } from './settings/shown-url.ts'
import { oneProcessOnly, startProblems } from './start-problems.ts'
import { Starting } from './starting.ts'
import { stayAlive } from './stay-alive.ts'
import { untilReachable } from './until-reachable.ts'
import { unavailablePort } from './unusable.ts'
import { packageVersion } from './version.ts'
import { WorkerLink } from './worker-link.ts'
import { superviseWorkers, workerNumber } from './workers.ts'

export function serveCommand(): Command {
  const command = new Command('serve')
    .summary('serve ZooKeeper clients from a store')
    .description('Serve ZooKeeper clients from a store: files, etcd, Redis or memory.')
  return addSettings(command, GROUPS)
    .usage('[options]')
    .argument('[words...]')
    .action((words: string[], _flags, self: Command) => {
      refuseArguments(words)
      return serve(commandLineOf(self, GROUPS))
    })
}

/** The URL of a store, or an address, is easily written without its flag; of a URL nothing is repeated but its scheme. */
function refuseArguments([first]: readonly string[]): void {
  if (first === undefined) return
  const [, scheme] = /^(etcds?|rediss?|file|memory):/.exec(first) ?? []
  if (scheme !== undefined) {
    throw new UsageError(`serve takes no arguments: write --store ${scheme}:…`)
  }
  if (/^\S+:\d+$/.test(first)) {
    throw new UsageError(`serve takes no arguments: write --listen ${first}`)
  }
  throw new UsageError('serve takes no arguments, only flags: see anykeeper serve --help')
}

/** `--check-config`: prints the settings, the warnings and all errors. */
function printSettings(settings: Resolved): void {
  const { out, err } = reportOf(settings)
  process.stdout.write(`${out.join('\n')}\n`)
  for (const line of err) process.stderr.write(`${line}\n`)
  if (settings.problems.length > 0) process.exitCode = EXIT_USAGE
}

async function serve({ isCheck, ...start }: CommandLine): Promise<void> {
  const load = () => loadSettings(GROUPS, { ...start, env: process.env })
  const settings = load()
  const { values, warnings } = settings
  const problems = [...settings.problems, ...(await startProblems(values, isCheck))]
  if (isCheck) return printSettings({ ...settings, problems })
  if (problems.length > 0) throw new UsageError(problems.join('\nerror: '))
  const { get } = values
  const worker = workerNumber()
  const log = openLog(get(logLevel), get(logFormat), get(maxLogBufferBytes))
  const logger = worker === 0 ? log : log.child({ worker })
  const link = WorkerLink.open(get(workerAnswerTimeout))
  const reload = new Reload({ groups: GROUPS, values, logger, load: () => withoutWaiting(load) })
  reload.reloaders.push(async (next) => {
    logger.level = next.get(logLevel)
    return undefined
  })
  if (worker === 0) {
    for (const warning of warnings) logger.warn({}, warning)
    logger.info({ version: packageVersion(), settings: givenSettings(values) }, 'starting')
  }
  if (get(workers) > 1 && cluster.isPrimary) {
    const answerTimeoutMs = get(workerAnswerTimeout)
    return superviseWorkers({ count: get(workers), answerTimeoutMs, logger, reload })
  }
  try {
    await run({ values, logger, reload, link })
  } catch (error) {
    await auditFailedStart()
    throw error
  }
}

/** Those that somebody gave, without secrets. */
function givenSettings(values: Values): Record<string, string> {
  const given = values.shown().filter(({ origin }) => origin.kind !== 'default')
  return Object.fromEntries(given.map(({ setting: { name }, text }) => [name, text]))
}

interface Running {
  readonly values: Values
  readonly logger: Logger
  readonly reload: Reload
  /** Of a worker. */
  readonly link: WorkerLink | undefined
}

/** Serves until a signal ends the process. */
async function run({ values, logger, reload, link }: Running): Promise<void> {
  const { get } = values
  const worker = workerNumber()
  const storeUrl = get(storeSettings.store)
  const prefix = get(storeSettings.prefix)
  const url = shownUrl(storeUrl)
  const startedMs = performance.now()
  growSmallHeap()
  // Until it exits: while it stops, no client's socket is left.
  stayAlive()
  const schemes = await openSchemes(get, logger)
  reload.reloaders.push(async (next) => {
    schemes.reload(next.get)
    return undefined
  })
  const audit = openAudit(get, logger)
  if (audit !== undefined) {
    reload.reloaders.push(async () => {
      audit.file.reopen()
      return 'audit log'
    })
  }
  const memory = guardHeap(get(memorySoftLimit), logger)
  const admin = await openAdminPort({ get, latest: () => reload.values.get, schemes, logger })
  if (admin !== undefined && adminTlsOf(get) !== undefined) {
    reload.reloaders.push(() => admin.reloadCertificates())
  }
  let hurry: (() => void) | undefined
  const isUrgent = new Promise<void>((resolve) => {
    hurry = resolve
  })
  let stopping = false
  const starting = new Starting()
  let keeper: Keeper | undefined
  let proxy: ProxyServer | undefined
  let store: MetadataStore | undefined
  const stop = (signal: string) => {
    // A second signal ends the wait, and nothing else.
    if (stopping) return hurry?.()
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
    await starting.end(get(proxyTtl), isUrgent)
    if (proxy !== undefined) await drained(admin, get, isUrgent)
    await proxy?.close()
    await keeper?.close()
    await store?.close()
    await admin?.close()
    await audit?.file.close()
    logger.info({}, 'stopped')
  }
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))
  process.on('SIGHUP', () => (isTerminalGone() ? stop('SIGHUP') : void reload.run()))

  const start = async () => {
    admin?.loading(`the store is not open yet: ${url}`)
    const waiting = { url, logger, signal: starting.signal }
    store = await untilReachable({ what: 'store not reachable', ...waiting }, () =>
      openStore(storeUrl, { logger }),
    )
    const opened = store
    if (worker > 0 && !opened.features.shared) {
      throw new UsageError(oneProcessOnly(get(workers), storeUrl))
    }
    for (const warning of warningsOf(opened)) logger.warn({ store: url }, warning)
    const secure = secureOf(get)
    const opening = untilReachable({ what: 'store not readable', ...waiting }, () => {
      memory.beginLoad()
      admin?.loading('the tree is loading')
      return Keeper.open({
        store: opened,
        memory: new LoadProgress(memory, logger, starting.signal),
        prefix,
        address: shownAddress(get(advertise).host, get(advertise).port),
        logger,
        limits: values.keeper,
        ...schemes.keeper,
        acceptDamagedTree: get(storeSettings.acceptDamagedTree),
        ...(get(following) && {
          upstream: serveWhileFollowing({
            ...ensembleAccess(get),
            frameBytesMax: get(maxFrameBytes),
          }),
        }),
      })
    })
    const whatFits = { url, prefix, store: opened, memory }
    const serving = await starting
      .track(
        opening.then((one) => {
          keeper = one
          return one
        }),
      )
      .catch((error: unknown) => adviseHeap(error, whatFits))
    starting.signal.throwIfAborted()
    schemes.attach(serving)
    memory.serve(() => serving.replica.tree)
    proxy = await ProxyServer.listen(serving, {
      worker,
      ...values.proxy,
      secure,
      // A reload may have come while the tree was loaded.
      ...reload.values.reloadedProxy,
      storeName: url,
      memory,
      authProviders: schemes.providers,
      audit: audit?.trail,
      log: logCounters,
      ...(link && { workerMetrics: () => link.collect() }),
    }).catch((error: unknown) => {
      throw unavailablePort(error, {
        [`--${listen.name}`]: get(listen),
        [`--${secureListen.name}`]: get(secureListen),
      })
    })
    await admin?.attach(proxy)
    audit?.trail.serverStarted('success')
    const listening = proxy
    reload.reloaders.push(async (next) => {
      listening.reconfigure(next.reloadedProxy)
      return undefined
    })
    if (secure !== undefined) reload.reloaders.push(() => listening.reloadCertificates())
    const where = addressesOf(listening)
    const { tree, sessions } = serving.replica
    const startMs = Math.round(performance.now() - startedMs)
    const fields = { address: where, znodes: tree.nodeCount, sessions: sessions.size, startMs }
    const { trouble } = serving
    const isStandby = serving.replica.mirrors && trouble !== undefined
    if (isStandby) logger.warn(fields, `standing by: ${trouble}`)
    else logger.info(fields, 'serving clients')
    const readyLine = `anykeeper ready on ${where} (store ${url})`
    const onTakenOver = (): void => {
      if (isStandby && link === undefined) process.stdout.write(`${readyLine}\n`)
    }
    new SourceGuard({
      ...{ keeper: serving, logger, onTakenOver },
      ...{ intervalMs: get(sourceLook.intervalMs), lookMs: get(sourceLook.lookMs) },
    }).start()
    link?.start(
      () => listening.ownReport(),
      () => void reload.run(),
    )
    const line = isStandby
      ? `anykeeper standby on ${where} (store ${url}): it serves no clients until the take-over`
      : readyLine
    // A worker leaves it to the process that holds the port.
    if (link !== undefined) link.ready(line)
    else process.stdout.write(`${line}\n`)
  }
  try {
    await start()
  } catch (error) {
    // The process ends by the signal: nothing is wrong.
    if (stopping) await new Promise(() => {})
    // Others would wait for it until its lease runs out.
    await keeper?.close(0).catch(() => {})
    await store?.close().catch(() => {})
    throw error
  }
}

/** Where clients connect. */
function addressesOf({ options, port, securePort }: ProxyServer): string {
  const plain = shownAddress(options.host, port)
  if (securePort < 0) return plain
  return `${plain}, TLS on ${shownAddress(options.secure?.host ?? options.host, securePort)}`
}
