/**
 * What a command works on: servers over the wire, or a store, on which it is a member for as long as it runs.
 * Neighbours: connection-flags, verb.
 */
import { readFileSync } from 'node:fs'
import { openStore } from '../../adapters/index.ts'
import { type ClientAuth, connect, type ZooKeeper } from '../../lib/index.ts'
import { type ClientOptions, connectOwning, Keeper } from '../../lib/internal.ts'
import { UsageError } from '../flags.ts'
import { shownUrl } from '../settings/shown-url.ts'
import type { ConnectionFlags } from './connection-flags.ts'
import { Server } from './server.ts'

/** An open session, and what it stands on. */
export interface Target {
  /** Its calls are not bounded: see `timeoutMs`. */
  readonly client: ZooKeeper
  /** The URL, without passwords. */
  readonly shown: string
  /** Those of the URL; undefined: a store. */
  readonly servers?: readonly Server[]
  /** The member, on a store. */
  readonly keeper?: Keeper
  /** Of each call. Unit ms. */
  readonly timeoutMs: number
  /** Ends the session, and the member. Never rejects. */
  close(): Promise<void>
}

const SERVERS = /^zks?:\/\//
/** host:port, as zkCli takes it. */
const BARE = /^(?:\[[0-9A-Fa-f:.]+\]|[^\s:/[\]@?#,]+)(?::\d+)?(?:,[^\s/]+)?(?:\/.*)?$/
const SCHEME = /^[a-z][a-z0-9+.-]*:(?!\d+(?:[,/]|$))/

/** The URL that was meant: without a scheme it is one of servers. */
export function serverUrl(text: string): string {
  return !SCHEME.test(text) && BARE.test(text) ? `zk://${text}` : text
}

/** What a verb without a session needs; undefined: this is a store, which needs one. @throws {UsageError} */
export function sessionlessTarget(flags: ConnectionFlags): Target | undefined {
  const url = serverUrl(flags.server)
  if (!SERVERS.test(url)) return undefined
  return {
    get client(): never {
      throw new TypeError('there is no session')
    },
    shown: url,
    servers: serversOf(url, flags),
    timeoutMs: flags.timeout,
    close: async () => {},
  }
}

function serversOf(url: string, flags: ConnectionFlags): Server[] {
  const hosts = url.replace(SERVERS, '').split('/')[0] ?? ''
  const tls = url.startsWith('zks:') ? tlsOf(flags) : undefined
  return hosts.split(',').map((one) => new Server(one.trim(), tls, flags.timeout))
}

export interface OpenOptions {
  /** A new session follows one that has ended. @default false */
  readonly renew?: boolean
  readonly onState?: NonNullable<ClientOptions['onState']>
  readonly signal?: AbortSignal
}

/** @throws {ZnodeError} {StoreError} {UsageError} */
export async function openTarget(
  flags: ConnectionFlags,
  options: OpenOptions = {},
): Promise<Target> {
  const url = serverUrl(flags.server)
  const { timeout: timeoutMs, sessionTimeout, auth } = flags
  const known: ClientOptions = {
    timeoutMs: sessionTimeout,
    connectMs: timeoutMs,
    requestBytesMax: flags.maxFrameBytes,
    auth: auth.map(authOf),
    // A retry of what surely was not applied, while a server restarts.
    retryMs: Math.min(timeoutMs, RETRY_MS_MAX),
    ...options,
  }
  if (SERVERS.test(url)) {
    const tls = url.startsWith('zks:') ? { tls: tlsOf(flags) } : {}
    const client = await connect(url, { ...known, ...tls })
    return {
      client,
      shown: url,
      servers: serversOf(url, flags),
      timeoutMs,
      close: () => client.close(),
    }
  }
  let member: Keeper | undefined
  const client = await connectOwning(async () => {
    const opened = await openMember(url, flags.prefix)
    member = opened.keeper
    return opened
  }, known)
  return {
    client,
    shown: shownUrl(url),
    ...(member !== undefined && { keeper: member }),
    timeoutMs,
    close: () => client.close(),
  }
}

/** How long a call may be repeated that has changed nothing. Unit ms. */
const RETRY_MS_MAX = 5_000

async function openMember(url: string, prefix: string) {
  const store = await openStore(url, { create: url.startsWith('memory:') })
  try {
    const keeper = await Keeper.open({ store, prefix })
    const release = async (): Promise<void> => {
      await keeper.close()
      await store.close()
    }
    return { keeper, release }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The files of `--ca`, `--cert` and `--key`. @throws {UsageError} one cannot be read */
export function tlsOf({ ca, cert, key, insecure }: ConnectionFlags) {
  return {
    ...(ca !== undefined && { ca: fileOf('--ca', ca) }),
    ...(cert !== undefined && { cert: fileOf('--cert', cert) }),
    ...(key !== undefined && { key: fileOf('--key', key) }),
    ...(insecure === true && { rejectUnauthorized: false }),
  }
}

function fileOf(name: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new UsageError(`${name}: ${(error as Error).message}`)
  }
}

/** `scheme:auth`, such as `digest:user:password`. @throws {UsageError} which repeats nothing of it */
function authOf(text: string): ClientAuth {
  const [, scheme, auth] = /^([a-z][a-z0-9-]*):(.+)$/s.exec(text) ?? []
  if (scheme === undefined || auth === undefined) {
    throw new UsageError('--auth: expected scheme:auth, e.g. digest:user:password')
  }
  return { scheme, auth }
}
