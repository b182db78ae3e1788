/**
 * From the client addresses of an ensemble to the quorum addresses at which its leader may be. Only the leader listens
 * there, so all of them are tried in the end: this finds an order that finds it soon.
 * Neighbours: server-words, quorum-config, open-source-feed.
 */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { reasonOf } from '../base/reason-of.ts'
import { connect } from '../client/connect.ts'
import type { ClientTls, KnownTls } from '../client/tls-options.ts'
import { RESERVED } from '../model/path.ts'
import {
  addressesOf,
  distinct,
  type MemberAddresses,
  parseQuorumConfig,
  type QuorumMember,
  shown,
} from './quorum-config.ts'
import { type ServerWords, serverWords } from './server-words.ts'
import type { SourceBounds } from './source-bounds.ts'
import { SourceError } from './source-error.ts'
import type { HostPort } from './source-feed.ts'
import { refuseOldVersion } from './supported-version.ts'

export interface FindOptions {
  /** Client addresses. */
  readonly servers: readonly HostPort[]
  /** Quorum addresses given by hand: nothing is looked for. */
  readonly quorum: readonly HostPort[] | undefined
  /** Of the client ports. */
  readonly clientTls: { readonly known: KnownTls; readonly options: ClientTls } | undefined
  readonly bounds: Pick<SourceBounds, 'connectMs' | 'configMs' | 'answerBytesMax'>
  readonly clock: Clock
  readonly logger: Logger
}

export interface Found {
  /** What each server said; those that did not answer are missing. */
  readonly words: readonly ServerWords[]
  /** Members by /zookeeper/config; empty: not read. */
  readonly members: readonly QuorumMember[]
  /** Server ids of members, as each server says its own, and those of `members`. A leader counts whoever claims one as that member. */
  readonly ids: readonly number[]
  /** Where members may be reached, as they say: their members, and each its own quorum port. */
  readonly addresses: MemberAddresses
  /** Where a leader may listen, the likeliest first. Not empty. */
  readonly candidates: readonly HostPort[]
}

/**
 * @throws {SourceError} SOURCE_UNREACHABLE: no server answers, or none says where its ensemble’s quorum ports are;
 * SOURCE_UNSUPPORTED: a release that cannot be followed, or a server that is alone
 */
export async function findMembers(options: FindOptions): Promise<Found> {
  const { servers, quorum } = options
  const [words, failures] = await askServers(options)
  for (const { version } of words) refuseOldVersion(version)
  const own = words.flatMap(ownQuorumAddress)
  if (quorum !== undefined && quorum.length > 0) {
    const addresses = { clients: [], quorum: own.map(shown) }
    return { words, members: [], ids: idsOf(words, []), addresses, candidates: quorum }
  }
  if (words.length === 0) {
    throw new SourceError('SOURCE_UNREACHABLE', `no server answers: ${failures.join('; ')}`)
  }
  const members = await readMembers(words, options)
  const ports = quorumPortsOf(words, members)
  const fromMembers = members.flatMap((member) => member.quorum)
  const leader = words.find(({ mode }) => mode === 'leader')
  const candidates = distinct([
    ...(leader === undefined ? [] : likeliest(leader, fromMembers)),
    ...own,
    ...fromMembers,
    // A member may have a name that means nothing here.
    ...servers.flatMap(({ host }) => ports.map((port) => ({ host, port }))),
  ])
  const { clients } = addressesOf(members)
  const addresses = { clients, quorum: distinct([...own, ...fromMembers]).map(shown) }
  const ids = idsOf(words, members)
  if (candidates.length > 0) return { words, members, ids, addresses, candidates }
  throw words.some(({ mode }) => mode === 'standalone') ? standalone(words) : hidden(words)
}

async function askServers({
  servers,
  clientTls,
  bounds,
  clock,
}: FindOptions): Promise<[ServerWords[], string[]]> {
  const words: ServerWords[] = []
  const failures: string[] = []
  await Promise.all(
    servers.map(async (address) => {
      try {
        words.push(
          await serverWords(address, {
            ...{ tls: clientTls?.known, clock, timeoutMs: bounds.connectMs },
            bytesMax: bounds.answerBytesMax,
          }),
        )
      } catch (error) {
        failures.push(`${shown(address)}: ${reasonOf(error)}`)
      }
    }),
  )
  return [words, failures]
}

/** Since 3.5, unless somebody took the right to read it away. */
async function readMembers(
  words: readonly ServerWords[],
  { clientTls, clock, logger, bounds }: FindOptions,
): Promise<QuorumMember[]> {
  const serving = words.filter(({ mode, text }) => mode !== 'standalone' && !isStarting(text))
  const isOld = serving.every(({ version }) => version?.startsWith('3.4.') === true)
  if (serving.length === 0 || isOld) return []
  const scheme = clientTls === undefined ? 'zk' : 'zks'
  const url = `${scheme}://${serving.map(({ address }) => shown(address)).join(',')}`
  try {
    const zk = await connect(url, {
      ...{ timeoutMs: bounds.configMs, connectMs: bounds.configMs, clock, logger },
      ...(clientTls !== undefined && { tls: clientTls.options }),
    })
    try {
      const { data } = await zk.getData(RESERVED.config)
      return parseQuorumConfig(Buffer.from(data ?? []).toString())
    } finally {
      await zk.close()
    }
  } catch (error) {
    logger.info({ reason: reasonOf(error) }, 'the source’s /zookeeper/config cannot be read')
    return []
  }
}

const isStarting = (text: string): boolean => /not currently serving requests/.test(text)

/** `conf` of a server has the port of its own; it is where its clients find it, or nearly. */
function ownQuorumAddress({ address, conf }: ServerWords): HostPort[] {
  const port = Number(conf?.get('quorumPort'))
  return port > 0 ? [{ host: address.host, port }] : []
}

/** Releases before 3.5 have no list of members: `conf` of each has its own id. */
function idsOf(words: readonly ServerWords[], members: readonly QuorumMember[]): number[] {
  const own = words.flatMap(({ conf }) => conf?.get('serverId') ?? []).map(Number)
  return [...own, ...members.map(({ id }) => id)]
}

function quorumPortsOf(words: readonly ServerWords[], members: readonly QuorumMember[]): number[] {
  const all = [...words.flatMap(ownQuorumAddress), ...members.flatMap(({ quorum }) => quorum)]
  return [...new Set(all.map(({ port }) => port))]
}

/** Those at the leader’s own host. */
function likeliest(leader: ServerWords, all: readonly HostPort[]): HostPort[] {
  const own = ownQuorumAddress(leader)
  return own.length > 0 ? own : all.filter(({ host }) => host === leader.address.host)
}

function standalone(words: readonly ServerWords[]): SourceError {
  return new SourceError('SOURCE_UNSUPPORTED', standaloneSentence(words[0] as ServerWords))
}

/** What a server that is alone needs. */
export function standaloneSentence({ address, version }: ServerWords): string {
  const where = shown(address)
  if (version?.startsWith('3.4.') === true) {
    return `${where} is a standalone server, which nobody can follow: stop it and import its files`
  }
  return (
    `${where} is a standalone server, which nobody can follow: add standaloneEnabled=false and one line ` +
    'server.1=<its host>:2888:3888 to its zoo.cfg, 1 to the file myid in its dataDir, and restart it; its sessions survive that'
  )
}

function hidden(words: readonly ServerWords[]): SourceError {
  const names = words.map(({ address }) => shown(address)).join(', ')
  return new SourceError(
    'SOURCE_UNREACHABLE',
    `${names} did not say where the quorum ports are: neither conf (4lw.commands.whitelist) nor /zookeeper/config can be read; ` +
      'name them by hand: host:2888 of each member',
  )
}
