/**
 * `serve --admin-listen`: opens the admin port before anything else, and on a stop says that clients should be sent elsewhere
 * before they are disconnected. Neighbours: serve, settings/groups/admin.
 */

import type { Logger as PinoLogger } from 'pino'
import { AdminServer } from '../proxy/index.ts'
import type { Schemes } from './authentication.ts'
import { adminListen, adminOptions, drainWait, metricsListen } from './settings/groups/admin.ts'
import { adminTlsOf } from './settings/groups/admin-tls.ts'
import { digestAlgorithm, guessBounds } from './settings/groups/authentication.ts'
import { shownAddress } from './settings/parse.ts'
import type { Get } from './settings/setting.ts'
import { reasonInWords } from './unusable.ts'

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

interface AdminPortOptions {
  readonly get: Get
  /** As of the last reload. */
  readonly latest: () => Get
  readonly schemes: Pick<Schemes, 'superDigests'>
  readonly logger: PinoLogger
}

/** The ports that the settings ask for; undefined: none. @throws {Error} one is not available */
export async function openAdminPort({
  get,
  latest,
  schemes,
  logger,
}: AdminPortOptions): Promise<AdminServer | undefined> {
  const own = get(adminListen)
  const metrics = get(metricsListen)
  if (own === undefined && metrics === undefined) return undefined
  const options = {
    ...adminOptions(get, latest),
    tls: adminTlsOf(get),
    guessBounds: () => guessBounds(latest()),
    superDigests: () => schemes.superDigests(),
    digestAlgorithm: get(digestAlgorithm),
    logLevel: {
      levels: LEVELS,
      get: () => logger.level,
      set: (level: string) => {
        logger.level = level
        logger.info({ level }, 'log level changed on request')
      },
    },
  }
  const unavailable =
    (flag: string, { host, port }: { host: string; port: number }) =>
    (error: unknown): never => {
      const reason = reasonInWords(error)
      throw new Error(`--${flag} ${shownAddress(host, port)} is not available: ${reason}`)
    }
  const admin =
    own === undefined
      ? AdminServer.closed(options, logger)
      : await AdminServer.listen(options, logger).catch(unavailable(adminListen.name, own))
  if (own !== undefined) {
    logger.info({ listen: shownAddress(own.host, admin.port) }, 'admin port is open')
  }
  if (metrics !== undefined) {
    const { host, port } = metrics
    const at = await admin
      .listenForMetrics(host, port)
      .catch(unavailable(metricsListen.name, metrics))
    logger.info({ listen: shownAddress(host, at) }, 'metrics port is open')
  }
  return admin
}

/** Readiness ends now; resolves when `--drain-wait` is over, or `isUrgent` resolves. */
export async function drained(
  admin: AdminServer | undefined,
  get: Get,
  isUrgent: Promise<void>,
): Promise<void> {
  admin?.drain('the server is stopping')
  let timer: NodeJS.Timeout | undefined
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, get(drainWait))
  })
  await Promise.race([waited, isUrgent])
  clearTimeout(timer)
}
