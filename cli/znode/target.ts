/**
 * What a command works on: servers over the wire, or a store, on which it is a member for as long as it runs.
 * Neighbours: connection-flags, verb.
 */
import { openStore } from '../../adapters/index.ts'
import {
  type ClientAuth,
  connect,
  type MetadataStore,
  StoreError,
  type ZooKeeper,
} from '../../lib/index.ts'
import { type ClientOptions, connectOwning, Keeper, Layout } from '../../lib/internal.ts'
import { clientTlsOf, givenTlsFlags } from '../client-tls.ts'
import { UsageError } from '../flags.ts'
import { shownUrl } from '../settings/shown-url.ts'
import type { ConnectionFlags } from './connection-flags.ts'
import { authsOf } from './identities.ts'
import { Server, type WordsTls } from './server.ts'
import { checkedServerUrl, isServers } from './server-text.ts'

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
  /** The store had no tree below the prefix: this one was begun. */
  readonly isNew?: true
  /** Of each call. Unit ms. */
  readonly timeoutMs: number
  /** Ends the session, and the member. Never rejects. */
  close(): Promise<void>
}

/** The flags of a connection, with what is in the files that they name. */
export interface Connection {
  readonly flags: ConnectionFlags
  readonly url: string
  /** undefined: not over TLS. */
  readonly tls: WordsTls | undefined
  readonly auths: readonly ClientAuth[]
}

/**
 * Holds the thread while a FIFO among the files is silent. `isSessionless`: over the wire nobody proves an identity.
 * @throws {UsageError}
 */
export function connectionOf(flags: ConnectionFlags, isSessionless = false): Connection {
  const url = checkedServerUrl(flags.server)
  const auths = isSessionless && isServers(url) ? [] : authsOf(flags)
  return { flags, url, tls: tlsOf(url, flags), auths }
}

/** What a verb without a session needs; undefined: this is a store, which needs one. */
export function sessionlessTarget(connection: Connection): Target | undefined {
  const { url, flags } = connection
  if (!isServers(url)) return undefined
  return {
    get client(): never {
      throw new TypeError('there is no session')
    },
    shown: url,
    servers: serversOf(connection),
    timeoutMs: flags.timeout,
    close: async () => {},
  }
}

function serversOf({ url, tls, flags }: Connection): Server[] {
  const hosts = url.replace(/^zks?:\/\//, '').split('/')[0] ?? ''
  return hosts.split(',').map((one) => new Server(one.trim(), tls, flags.timeout))
}

export interface OpenOptions {
  /** A new session follows one that has ended. @default false */
  readonly renew?: boolean
  readonly onState?: NonNullable<ClientOptions['onState']>
  readonly signal?: AbortSignal
  /** A store must have a tree below the prefix; otherwise one is begun there. @default false */
  readonly mustExist?: boolean
}

/** @throws {ZnodeError} {StoreError} */
export async function openTarget(
  connection: Connection,
  { mustExist = false, ...options }: OpenOptions = {},
): Promise<Target> {
  const { flags, url, tls, auths } = connection
  const { timeout: timeoutMs, sessionTimeout } = flags
  const known: ClientOptions = {
    timeoutMs: sessionTimeout,
    connectMs: timeoutMs,
    requestBytesMax: flags.maxFrameBytes,
    auth: auths,
    // A retry of what surely was not applied, while a server restarts.
    retryMs: Math.min(timeoutMs, RETRY_MS_MAX),
    ...options,
  }
  if (isServers(url)) {
    const client = await connect(url, { ...known, ...(tls !== undefined && { tls }) })
    return {
      client,
      shown: url,
      servers: serversOf(connection),
      timeoutMs,
      close: () => client.close(),
    }
  }
  let opened: Member | undefined
  const client = await connectOwning(async () => {
    opened = await openMember(url, flags, mustExist)
    return opened
  }, known)
  return {
    client,
    shown: shownUrl(url),
    ...memberOf(opened),
    timeoutMs,
    close: () => client.close(),
  }
}

/** How long a call may be repeated that has changed nothing. Unit ms. */
const RETRY_MS_MAX = 5_000

interface Member {
  readonly keeper: Keeper
  readonly isNew: boolean
  release(): Promise<void>
}

const memberOf = (member: Member | undefined): Pick<Target, 'keeper' | 'isNew'> =>
  member === undefined
    ? {}
    : { keeper: member.keeper, ...(member.isNew && { isNew: true as const }) }

async function openMember(
  url: string,
  { prefix, timeout }: ConnectionFlags,
  mustExist: boolean,
): Promise<Member> {
  const store = await openedWithin(url, timeout)
  try {
    const isNew = await isWithoutTree(store, prefix)
    if (isNew && mustExist && !url.startsWith('memory:')) {
      throw new StoreError(
        'STORE_UNAVAILABLE',
        `there is no tree below ${prefix} in ${shownUrl(url)} (--prefix)`,
        { outcome: 'unapplied' },
      )
    }
    const keeper = await Keeper.open({ store, prefix })
    const release = async (): Promise<void> => {
      await keeper.close()
      await store.close()
    }
    return { keeper, isNew, release }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Loading a large tree takes its time, but a store that is there answers soon. @throws {StoreError} */
async function openedWithin(url: string, timeoutMs: number): Promise<MetadataStore> {
  const opening = openStore(url, { create: url.startsWith('memory:') })
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new StoreError('STORE_TIMEOUT', `${shownUrl(url)} did not answer within ${timeoutMs} ms`, {
          outcome: 'unapplied',
        }),
      )
      opening.then((store) => store.close()).catch(() => {})
    }, timeoutMs)
  })
  return Promise.race([opening, late]).finally(() => clearTimeout(timer))
}

async function isWithoutTree(store: MetadataStore, prefix: string): Promise<boolean> {
  const { kvs } = await store.range({ start: new Layout(prefix).head })
  return kvs.length === 0
}

/** The files of `--ca`, `--cert` and `--key`; undefined: not over TLS. @throws {UsageError} */
function tlsOf(url: string, flags: ConnectionFlags): WordsTls | undefined {
  if (url.startsWith('zks:')) {
    return {
      ...clientTlsOf('', flags),
      ...(flags.insecure === true && { rejectUnauthorized: false }),
    }
  }
  const given = [...givenTlsFlags('', flags), ...(flags.insecure === true ? ['--insecure'] : [])]
  if (given[0] !== undefined) throw new UsageError(`${given[0]} is for zks:// only`)
  return undefined
}
