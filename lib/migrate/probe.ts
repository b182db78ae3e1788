/**
 * Does the ensemble that the tree comes from still answer? Whoever takes over asks before, and a member from time to time
 * afterwards: the old servers may stand where the new ones do, so what answers must say who it is.
 * Neighbours: take-over, source-guard, serve/hand-over.
 */
import { connect } from 'node:net'
import { type Clock, systemClock } from '../base/clock.ts'
import { deadline } from '../base/deadline.ts'
import type { SourceRecord } from '../format/source.ts'
import { hostPortOf } from './host-port.ts'

/** What a question to an address may take. */
export interface ProbeBounds {
  /** For the connection and the whole answer. Unit ms. */
  readonly lookMs: number
  /** Of the answer, characters: a list of clients has about 200 of each. */
  readonly answerMax: number
}

/** Bounds of a question, unless given. */
export const PROBE_BOUNDS: ProbeBounds = { lookMs: 2_000, answerMax: 64 * 1024 * 1024 }

export interface ProbeOptions extends Partial<ProbeBounds> {
  /** @default systemClock */
  readonly clock?: Clock
}

/** With what is not given. */
export function probeSettings(options: ProbeOptions): ProbeBounds & { readonly clock: Clock } {
  const { clock = systemClock, lookMs, answerMax } = options
  return {
    clock,
    lookMs: lookMs ?? PROBE_BOUNDS.lookMs,
    answerMax: answerMax ?? PROBE_BOUNDS.answerMax,
  }
}

/** In the version of a proxy of ours: see proxy/version. */
const OURS = /^Zookeeper version: .*-anykeeper/
/** The machine is there, and nothing listens at this port of it. */
const REFUSED = 'ECONNREFUSED'

/**
 * What there is at an address. nothing: its machine refuses connections. unreached: nobody says whether there is a server, which
 * may serve clients elsewhere. serves: a ZooKeeper that serves clients. open: something accepts connections.
 */
export type Found = 'nothing' | 'unreached' | 'ours' | 'open' | 'serves'

export interface Probed {
  readonly what: Found
  /** To the word; empty: none. */
  readonly answer: string
  /** false: it did not end in time, or was too long; what came of it is a part. */
  readonly isWhole: boolean
  /** Why it was not reached; empty: it was. */
  readonly why: string
}

/** Asks `srvr` of a client address, `host:port`. Never throws. */
export function probeClientPort(address: string, options: ProbeOptions = {}): Promise<Probed> {
  return probe(address, 'srvr', options)
}

/** Asks another word. Never throws. */
export function queryClientPort(
  address: string,
  word: string,
  options: ProbeOptions = {},
): Promise<Probed> {
  return probe(address, word, options)
}

/** Connects to a quorum address, and says nothing. Never throws. */
export function probeQuorumPort(address: string, options: ProbeOptions = {}): Promise<Probed> {
  return probe(address, undefined, options)
}

function judged(answer: string): Found {
  if (OURS.test(answer)) return 'ours'
  return answer.includes('\nMode: ') ? 'serves' : 'open'
}

function probe(address: string, word: string | undefined, options: ProbeOptions): Promise<Probed> {
  const { clock, ...bounds } = probeSettings(options)
  return new Promise((resolve) => {
    let answer = ''
    let isOpen = false
    let isWhole = true
    let [code, why] = ['', '']
    const socket = connect(hostPortOf(address))
    const cut = (): void => {
      isWhole = false
      socket.destroy()
    }
    const cancel = deadline(clock, bounds.lookMs, () => {
      why = `no answer within ${bounds.lookMs} ms`
      cut()
    })
    socket.setEncoding('latin1')
    socket.once('connect', () => {
      isOpen = true
      if (word === undefined) socket.destroy()
      else socket.write(word)
    })
    socket.on('data', (text: string) => {
      answer += text
      if (answer.length > bounds.answerMax) cut()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code ?? ''
      why = error.message
      isWhole = false
    })
    socket.once('close', () => {
      cancel()
      if (isOpen) resolve({ what: judged(answer), answer, isWhole, why: '' })
      else if (code === REFUSED) resolve({ what: 'nothing', answer, isWhole, why: '' })
      else resolve({ what: 'unreached', answer, isWhole, why })
    })
  })
}

/** All addresses that are known of an ensemble: those that were given, and those that its members said. Each once. */
export function knownAddresses({ servers, quorum, members }: SourceRecord): {
  readonly clients: readonly string[]
  readonly quorum: readonly string[]
} {
  return {
    clients: [...new Set([...servers, ...(members?.clients ?? [])])],
    quorum: [...new Set([...quorum, ...(members?.quorum ?? [])])],
  }
}

/** What {@link answering} found. */
export interface Answers {
  /** They answer, and are not ours. */
  readonly answering: readonly string[]
  /** One sentence each, of those that could not be queried. */
  readonly unasked: readonly string[]
}

/** Which addresses of an ensemble answer. */
export async function answering(
  record: SourceRecord,
  options: ProbeOptions = {},
): Promise<Answers> {
  const { clients, quorum } = knownAddresses(record)
  const found = await Promise.all([
    ...clients.map(async (at) => [at, await probeClientPort(at, options)] as const),
    ...quorum.map(async (at) => [at, await probeQuorumPort(at, options)] as const),
  ])
  return {
    answering: found.flatMap(([at, { what }]) =>
      what === 'open' || what === 'serves' ? [at] : [],
    ),
    unasked: found.flatMap(([at, probed]) => unaskedSentence(at, probed)),
  }
}

/** None, where it was reached. */
export function unaskedSentence(address: string, { what, why }: Probed): string[] {
  if (what !== 'unreached') return []
  return [
    `${address} could not be queried whether it serves clients (${why}): make sure that it does not`,
  ]
}
