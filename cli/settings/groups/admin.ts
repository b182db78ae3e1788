/** Settings: the admin port, metrics, and what a stop waits for. */
import { InvalidArgumentError } from 'commander'
import { ADMIN_DEFAULT, type AdminOptions } from '../../../proxy/index.ts'
import { fromJavaNumber, type HostPort, parseListen, parseSwitch, whole } from '../parse.ts'
import type { Get, Group, Parts, Setting } from '../setting.ts'

const PROMETHEUS = 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider'

const hostPort = (host: string, port: string): string =>
  host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`

/** ZooKeeper's AdminServer listens on all addresses, on 8080, unless it is turned off. */
function joinAdmin(parts: Parts): string | undefined {
  if (!parseSwitch(parts.get('admin.enableServer') ?? 'true')) return undefined
  return hostPort(
    parts.get('admin.serverAddress') ?? '0.0.0.0',
    parts.get('admin.serverPort') ?? '8080',
  )
}

/** ZooKeeper's default provider has no port. */
function joinMetrics(parts: Parts): string | undefined {
  if (parts.get('metricsProvider.className') !== PROMETHEUS) return undefined
  return hostPort(
    parts.get('metricsProvider.httpHost') ?? '0.0.0.0',
    parts.get('metricsProvider.httpPort') ?? '7000',
  )
}

export const adminListen: Setting<HostPort | undefined> = {
  name: 'admin-listen',
  value: '<host:port>',
  text: 'answer HTTP here: a page, /livez, /readyz, /metrics, /commands and /api/v1',
  parse: parseListen,
  defaultText: 'off',
  zookeeper: ['admin.enableServer', 'admin.serverAddress', 'admin.serverPort'],
  joinZookeeper: joinAdmin,
}

export const metricsListen: Setting<HostPort | undefined> = {
  name: 'metrics-listen',
  value: '<host:port>',
  text: 'answer /metrics here as well, and nothing else',
  parse: parseListen,
  defaultText: 'off',
  zookeeper: ['metricsProvider.className', 'metricsProvider.httpHost', 'metricsProvider.httpPort'],
  joinZookeeper: joinMetrics,
}

const adminToken: Setting<string | undefined> = {
  name: 'admin-token',
  value: '<token>',
  text: 'let who sends this Bearer token change things over HTTP, and see what is stored',
  parse: (text) => {
    if (!/^[!-~]{16,}$/.test(text)) {
      throw new InvalidArgumentError('expected 16 or more printable characters without spaces.')
    }
    return text
  },
  secret: true,
  reload: true,
}

const hostNames: Setting<readonly string[]> = {
  name: 'admin-host-names',
  value: '<list>',
  text: 'names under which browsers reach the admin port, comma-separated',
  parse: (text) => text.split(',').map((name) => name.trim()),
  default: [],
  defaultText: 'addresses and localhost',
}

const commandUrl: Setting<string> = {
  name: 'admin-command-url',
  value: '<path>',
  text: 'where the commands of ZooKeeper’s AdminServer are',
  parse: (text) => {
    if (!/^(\/[\w.-]+)+$/.test(text)) {
      throw new InvalidArgumentError('expected a path that starts with "/", e.g. /commands.')
    }
    return text
  },
  default: ADMIN_DEFAULT.commandUrl,
  zookeeper: ['admin.commandURL'],
}

const canEdit: Setting<boolean> = {
  name: 'admin-edit',
  text: 'let those with credentials change znodes over HTTP, and on the page',
  parse: parseSwitch,
  default: false,
  defaultText: 'false',
}

type Bounds =
  | 'connectionsMax'
  | 'requestTimeoutMs'
  | 'storeTimeoutMs'
  | 'idleTimeoutMs'
  | 'headerBytesMax'
  | 'bodyBytesMax'
  | 'feedsMax'
  | 'editsMax'
  | 'deletesMax'
  | 'searchesMax'
  | 'searchNamesMax'

const bound = (
  name: string,
  option: Bounds,
  value: string,
  text: string,
  rest: Partial<Setting<number>> = {},
): Setting<number> & { readonly option: Bounds } => ({
  ...{ name, option, value, text },
  parse: whole(1),
  default: ADMIN_DEFAULT[option],
  ...rest,
})

const BOUNDS = [
  bound('admin-max-connections', 'connectionsMax', '<n>', 'open HTTP connections'),
  bound('admin-request-timeout', 'requestTimeoutMs', '<ms>', 'time for an HTTP request to arrive'),
  bound(
    'admin-store-timeout',
    'storeTimeoutMs',
    '<ms>',
    'time for the store to carry out what an HTTP request changes, or ?sync',
  ),
  bound(
    'admin-idle-timeout',
    'idleTimeoutMs',
    '<ms>',
    'close HTTP connections on which nothing moves',
    {
      zookeeper: ['admin.idleTimeout'],
      fromZookeeper: fromJavaNumber,
    },
  ),
  bound('admin-max-header-bytes', 'headerBytesMax', '<n>', 'headers of an HTTP request'),
  bound('admin-max-body-bytes', 'bodyBytesMax', '<n>', 'body of an HTTP request'),
  bound('admin-max-feeds', 'feedsMax', '<n>', 'change feeds that are open over HTTP'),
  bound('admin-max-edits', 'editsMax', '<n>', 'changes of znodes over HTTP at a time'),
  bound('admin-max-deletes', 'deletesMax', '<n>', 'znodes that one request over HTTP may delete'),
  bound('admin-max-searches', 'searchesMax', '<n>', 'searches for names over HTTP at a time'),
  bound(
    'admin-max-search-names',
    'searchNamesMax',
    '<n>',
    'names that one search over HTTP looks at before it answers how far it came',
  ),
]

export const drainWait: Setting<number> = {
  name: 'drain-wait',
  value: '<ms>',
  text: 'on SIGTERM, say that this server is not ready for so long before it stops',
  parse: whole(0, 3_600_000),
  default: 0,
}

/** What the settings make of the admin port. `latest`: as of the last reload. */
export function adminOptions(get: Get, latest: () => Get): Partial<AdminOptions> {
  return {
    ...get(adminListen),
    ...Object.fromEntries(
      BOUNDS.map((setting) => [setting.option, get(setting as Setting<number>)]),
    ),
    commandUrl: get(commandUrl),
    hostNames: get(hostNames),
    canEdit: get(canEdit),
    token: () => latest()(adminToken),
  }
}

export const admin: Group = {
  title: 'Admin port',
  settings: [
    ...[adminListen, metricsListen, adminToken, canEdit, hostNames, commandUrl],
    ...BOUNDS,
    drainWait,
  ],
}
